/* A clock that can be moved, for clock.rs: loaded into bash and awsenv (LD_PRELOAD), it adds to the time of day
   what stands in the file SCALE_CLOCK. It counts there, too, how often awsenv was started to answer a prompt and to
   renew, and how many renewals have ended. The kernel's timers do not know of it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* As it reads them. */
struct page {
  int64_t seconds_ahead;
  uint64_t exports, renewals, renewed;
};

static struct page *page;
static int is_renewal;

static void count(uint64_t *counter) { __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED); }

/* glibc hands a constructor the arguments of main. */
__attribute__((constructor)) static void start(int argc, char **argv) {
  const char *path = getenv("SCALE_CLOCK");
  int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *mapped = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) return;
  page = mapped;
  const char *name = strrchr(argv[0], '/');
  if (strcmp(name ? name + 1 : argv[0], "awsenv") != 0) return;
  const char *command = argc > 1 ? argv[1] : "";
  is_renewal = strcmp(command, "renew") == 0;
  if (is_renewal) count(&page->renewals);
  if (strcmp(command, "export") == 0) count(&page->exports);
}

__attribute__((destructor)) static void end(void) {
  if (is_renewal) count(&page->renewed);
}

int clock_gettime(clockid_t clock, struct timespec *found) {
  int failed = (int)syscall(SYS_clock_gettime, clock, found);
  int is_moved = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  if (!failed && page && is_moved) found->tv_sec += __atomic_load_n(&page->seconds_ahead, __ATOMIC_RELAXED);
  return failed;
}

int gettimeofday(struct timeval *restrict found, void *restrict zone) {
  struct timespec now;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
  found->tv_sec = now.tv_sec;
  found->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *found) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
  if (found) *found = now.tv_sec;
  return now.tv_sec;
}

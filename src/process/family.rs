//! A program and all that it has started: told to end together, and made to.

use std::collections::BTreeSet;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

/// All of it.
pub(super) struct Family {
    first: Pid,
    is_group: bool,
    /// Who is known, each with when it started: once it has gone, its id may be somebody else's.
    members: Vec<(Pid, u64)>,
}

impl Family {
    /// That of a program which was just started. `is_group`: it leads a group of its own.
    pub(super) fn of(child: &Child, is_group: bool) -> Self {
        let first = Pid::from_child(child);
        Self { first, is_group, members: started(first).map(|start| (first, start)).into_iter().collect() }
    }

    /// Remembers who is there now: once the first has gone, nothing leads to the others. At a terminal a Ctrl-C may end
    /// it before anybody else hears of that.
    pub(super) fn look(&mut self) {
        if self.is_group {
            return;
        }
        let found: Vec<_> = self.living().flat_map(descendants).collect();
        let living = self.members.drain(..).filter(is_alive);
        let mut members: Vec<_> = living.collect();
        members.extend(found);
        let mut known = BTreeSet::new();
        members.retain(|(process, _)| known.insert(process.as_raw_nonzero()));
        self.members = members;
    }

    /// Tells all to end.
    pub(super) fn tell(&mut self) {
        self.send(Signal::TERM);
    }

    /// Ends all that still live.
    pub(super) fn end(&mut self) {
        self.send(Signal::KILL);
    }

    /// Whether one of them lives that has been told to end.
    pub(super) fn lives(&self) -> bool {
        match self.is_group {
            true => test_kill_process_group(self.first).is_ok(),
            false => self.living().next().is_some(),
        }
    }

    fn send(&mut self, signal: Signal) {
        if self.is_group {
            // Else the group is ours too.
            let _ = kill_process_group(self.first, signal);
            return;
        }
        self.look();
        // The youngest first, so that none is left whose parent has gone.
        self.members.iter().rev().filter(|member| is_alive(member)).for_each(|(process, _)| {
            let _ = kill_process(*process, signal);
        });
        #[cfg(not(target_os = "linux"))]
        let _ = kill_process(self.first, signal);
    }

    fn living(&self) -> impl Iterator<Item = Pid> {
        self.members.iter().filter(|member| is_alive(member)).map(|(process, _)| *process)
    }
}

fn is_alive((process, start): &(Pid, u64)) -> bool {
    started(*process) == Some(*start)
}

/// When a process started that runs still (proc_pid_stat(5)); elsewhere than on Linux nobody knows.
fn started(process: Pid) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    // Behind its name, which may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") { None } else { fields.nth(18)?.parse().ok() }
}

/// What a process has started, and what that has (proc_pid_task(5)); elsewhere nobody knows.
fn descendants(process: Pid) -> Vec<(Pid, u64)> {
    let id = process.as_raw_nonzero();
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{id}/task")) else { return Vec::new() };
    let children =
        tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<_> = children
        .flat_map(|ids| ids.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|id| Pid::from_raw(id.parse().ok()?))
        .filter_map(|child| Some((child, started(child)?)))
        .collect();
    let below: Vec<_> = children.iter().flat_map(|(child, _)| descendants(*child)).collect();
    children.into_iter().chain(below).collect()
}

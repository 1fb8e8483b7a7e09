//! Who is at the other end of a connection on loopback: every user of this machine can connect there.

use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpStream;

use crate::files;

/// Whether it is this user, or root, who may do anything. Where the kernel has no list of connections (only Linux has
/// one), nobody can tell, and it is.
pub fn is_mine(stream: &TcpStream) -> bool {
    let (Ok(here), Ok(there)) = (stream.local_addr(), stream.peer_addr()) else { return false };
    let tables: Vec<_> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect();
    let mut owners = tables.iter().flat_map(|table| owners(table, there, here));
    tables.is_empty() || owners.any(|owner| owner == files::uid() || owner == 0)
}

/// Who has an open connection from one address to the other. (One that has been closed is nobody's: the kernel shows it
/// as root's.)
fn owners(table: &str, from: SocketAddr, to: SocketAddr) -> impl Iterator<Item = u32> {
    const ESTABLISHED: &str = "01";
    let ends = [written(from), written(to)];
    table.lines().filter_map(move |line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let is_it = ends.iter().all(|end| fields.next().is_some_and(|field| end.contains(&field.to_owned())));
        let is_open = fields.next() == Some(ESTABLISHED);
        fields.nth(3)?.parse().ok().filter(|_| is_it && is_open)
    })
}

/// As the two tables write an address: words in the machine's order of bytes, in hexadecimal.
fn written(address: SocketAddr) -> Vec<String> {
    let IpAddr::V4(ip) = address.ip().to_canonical() else { return Vec::new() };
    let hex = |octets: &[u8]| {
        let words = octets.chunks_exact(4).map(|word| <[u8; 4]>::try_from(word).unwrap_or_default());
        words.map(|word| format!("{:08X}", u32::from_ne_bytes(word))).collect::<String>()
    };
    let port = address.port();
    [hex(&ip.octets()), hex(&ip.to_ipv6_mapped().octets())].map(|ip| format!("{ip}:{port:04X}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0
   1: 0100007F:D431 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 2 1 0 20 4 30 10 -1
   2: 0100007F:D432 0100007F:1F90 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0
   3: 0000000000000000FFFF00000100007F:D433 0000000000000000FFFF00000100007F:1F90 01 0:0 0:0 0  1002 0 3 1 0
   4: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 4 1 0 20 4 30 10 -1
";

    #[test]
    #[cfg(target_endian = "little")]
    fn only_the_other_end_counts_and_only_while_it_is_open() {
        let port = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let of = |from| owners(TABLE, port(from), port(8080)).collect::<Vec<_>>();
        assert_eq!(of(0xD431), [1001]);
        assert_eq!(of(0xD432), [0; 0], "it has been closed");
        assert_eq!(of(0xD433), [1002], "of a socket for both kinds of address");
        assert_eq!(of(0xD434), [0; 0]);
    }

    #[test]
    fn this_very_process_is_mine() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (listener, port) = super::super::bind(None).await.unwrap();
            let caller = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            assert!(is_mine(&stream));
            #[cfg(target_os = "linux")]
            {
                let (here, there) = (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
                let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
                assert_eq!(owners(&table, there, here).collect::<Vec<_>>(), [files::uid()]);
            }
            drop(caller);
        });
    }
}

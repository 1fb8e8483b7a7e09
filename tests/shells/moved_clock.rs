//! Two hours by a clock that is moved: all shells come to a prompt at once, time and again, and AWS is asked once for
//! each session. A whole day, and more of everything: `cargo bench --bench scale`.

use std::time::Duration;

use awsenv_parts::agent::Agent;
use awsenv_parts::clock::Clock;
use awsenv_parts::company;
use awsenv_parts::worker::{Commands, Worker, work};

use crate::home::Home;
use crate::shell::Shell;

only_bash! {
    each_session_is_asked_for_once_in_its_time
}

const MINUTE: i64 = 60;
const OPERATIONS: [&str; 3] = ["GetRoleCredentials", "AssumeRole", "CreateSession"];
/// Longer than anything takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn each_session_is_asked_for_once_in_its_time(bash: &Shell) {
    let home = Home::new();
    home.write("home/.config/awsenv/config.toml", "debug_trap = true\nwait = \"20s\"\n");
    let (projects, sandbox) = company::found(&home);
    let mut clock = Clock::new(&home);
    company::sign_in(&home, &sandbox);
    let agent = Agent::start(&home, &clock.environment());
    let env = [&[("AWS_ENDPOINT_URL", sandbox.url()), ("USER", "me")], &clock.environment()[..]].concat();
    let chosen = ["team-0", "deploy-0", "edge-0"];
    let chosen: Vec<_> = projects.iter().filter(|project| chosen.contains(&project.name.as_str())).collect();
    let mut workers = Vec::new();
    for project in chosen.iter().cycle().take(9) {
        workers.push(Worker::start(bash, &home, project, &project.name, &env));
        workers.push(Worker::start(bash, &home, project, &format!("{}-keys", project.name), &env));
    }
    let mut commands = Commands::default();
    workers.iter_mut().for_each(Worker::begin);
    workers.iter_mut().for_each(Worker::wait);
    for minutes in (0..120).step_by(10) {
        clock.set(minutes * MINUTE, &sandbox);
        work(workers.iter_mut(), &sandbox, &mut commands);
        // At once, and each 50 minutes: the first prompt after 48.
        let calls = 1 + usize::try_from(minutes / 50).unwrap();
        OPERATIONS.iter().for_each(|operation| sandbox.wait_for(operation, calls, PATIENCE));
    }
    let of = |operation| sandbox.calls().iter().filter(|call| call.operation == operation).count();
    assert_eq!((OPERATIONS.map(of), of("CreateToken")), ([3; 3], 2), "{:#?}", sandbox.calls());
    assert_eq!(
        (commands.all, commands.expired_or_wrong, commands.without),
        (18 * 12, 0, 0),
        "{:?}",
        commands.trouble
    );
    assert!(agent.is_running() && agent.shells() == "9", "{}", agent.shells());
    assert!(clock.started().renewals >= 9, "what awsenv starts has no clock that is moved");
}

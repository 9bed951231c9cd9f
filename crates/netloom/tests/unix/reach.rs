//! Paths, users and versions: who gets through to a server, and what the others are told.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use netloom::families::doc_exmpl::{Echo, Msg};
use netloom::kernel::{Family, Kernel, raw};
use netloom::wire::{AttrPolicy, Errno, Flags, OpFlags, Policy, Protocol, messages};
use netloom::{Connection, unix};
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::raw::{Raw, request};
use super::{Gate, Served, eventually};

/// A socket that listens and never answers by itself.
fn listener(path: &std::path::Path) -> std::os::fd::OwnedFd {
    let fd = net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    net::bind(&fd, &SocketAddrUnix::new(path).unwrap()).unwrap();
    net::listen(&fd, 8).unwrap();
    fd
}

#[test]
fn a_path_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let first = unix::Server::bind(&path).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, if rustix::process::geteuid().is_root() { 0o666 } else { 0o600 });
    let error = unix::Server::bind(&path).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EADDRINUSE));
    assert!(error.to_string().starts_with(path.to_str().unwrap()), "{error}");
    assert!(error.to_string().contains("in use"), "{error}");
    drop(first);
    assert!(!path.exists());

    // Alive, though it speaks something else.
    let other = UnixListener::bind(&path).unwrap();
    assert_eq!(unix::Server::bind(&path).unwrap_err().errno(), Some(Errno::EADDRINUSE));
    // Dead: replaced.
    drop(other);
    assert!(path.exists());
    let second = unix::Server::bind(&path).unwrap();
    // Somebody took the path by force: it is not removed.
    fs::remove_file(&path).unwrap();
    let third = unix::Server::bind(&path).unwrap();
    drop(second);
    assert!(path.exists());
    drop(third);

    fs::write(&path, "precious").unwrap();
    let error = unix::Server::bind(&path).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EEXIST), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    for (path, errno) in [
        (folder.path().join("no/such"), Errno::ENOENT),
        (folder.path().join("x".repeat(120)), Errno::ENAMETOOLONG),
        ("/proc/no".into(), Errno::ENOENT),
    ] {
        let error = unix::Server::bind(&path).unwrap_err();
        assert_eq!(error.errno(), Some(errno), "{error}");
        assert!(error.to_string().starts_with(path.to_str().unwrap()), "{error}");
    }
}

#[test]
fn servers_that_start_at_once_do_not_take_each_others_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    for _ in 0..20 {
        // A stale socket, and eight who want its path.
        drop(listener(&path));
        let servers: Vec<_> = thread::scope(|scope| {
            let starting: Vec<_> = (0..8).map(|_| scope.spawn(|| unix::Server::bind(&path))).collect();
            starting.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(servers.iter().filter(|server| server.is_ok()).count(), 1, "{servers:?}");
        let taken: Vec<_> = servers.iter().filter_map(|server| server.as_ref().err()).collect();
        assert!(taken.iter().all(|error| error.errno() == Some(Errno::EADDRINUSE)), "{taken:?}");
    }
}

#[test]
fn what_cannot_be_reached_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "").unwrap();
    drop(listener(&at("stale")));
    let _stream = UnixListener::bind(at("stream")).unwrap();
    let stranger = listener(&at("stranger"));
    let newer = listener(&at("newer"));
    let strange = thread::spawn(move || {
        let client = net::accept(&stranger).unwrap();
        net::recv(&client, &mut [0; 64][..], net::RecvFlags::empty()).unwrap();
        net::send(&client, b"220 welcome to something else", net::SendFlags::NOSIGNAL).unwrap();
    });
    let new = thread::spawn(move || {
        let client = Raw(net::accept(&newer).unwrap());
        let mut hello = [0; 64];
        net::recv(&client.0, &mut hello[..], net::RecvFlags::empty()).unwrap();
        let answer: Vec<u8> = [1_u32, 93, 2, 0].iter().flat_map(|number| number.to_ne_bytes()).collect();
        net::send(&client.0, &answer, net::SendFlags::NOSIGNAL).unwrap();
    });
    for (name, errno, advice) in [
        ("nothing", Errno::ENOENT, "netloom serve --socket"),
        ("file", Errno::ENOTSOCK, "no socket"),
        ("file/inside", Errno::ENOTDIR, "none"),
        ("stale", Errno::ECONNREFUSED, "netloom serve --socket"),
        ("stream", Errno::EPROTOTYPE, "no netloom server"),
        ("stranger", Errno::EPROTO, "no netloom server"),
        ("newer", Errno::EPROTONOSUPPORT, "version"),
        (&"x".repeat(120), Errno::ENAMETOOLONG, "too long"),
    ] {
        let error = unix::Dialer::connect(at(name)).unwrap_err();
        assert_eq!(error.errno(), Some(errno), "{name}: {error}");
        let text = error.to_string();
        assert!(text.starts_with(at(name).to_str().unwrap()) && text.contains(advice), "{text}");
    }
    strange.join().unwrap();
    new.join().unwrap();
}

static ANY: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U32]);

/// Runs `work` in a thread that is another user, or says why not.
fn as_nobody<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: becoming another user takes root");
        return None;
    }
    let nobody = rustix::process::Uid::from_raw(65_534);
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // The credentials of this thread alone.
            rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
            work()
        });
        Some(thread.join().unwrap())
    })
}

#[test]
fn users_have_the_privileges_of_who_they_are() {
    let served = Served::new();
    let op = |number, flags| raw::Op::new(number).flags(flags).do_policy(&ANY).doit(|_| Ok(()));
    let secrets = raw::Family::new("secrets").op(op(1, OpFlags::ADMIN_PERM)).op(op(2, OpFlags::NONE));
    served.kernel.register(secrets).unwrap();
    let ask = |nl: &Connection, cmd: u8| {
        let id = nl.family("secrets").unwrap().id;
        nl.request_raw(id).cmd(cmd).send().map(drop).map_err(|error| error.errno().unwrap())
    };
    let own = served.connect();
    assert_eq!((ask(&own, 1), ask(&own, 2)), (Ok(()), Ok(())));

    // Closed at first: nobody gets into a folder of mode 0700.
    fs::set_permissions(served.folder.path(), Permissions::from_mode(0o700)).unwrap();
    let error = as_nobody(|| unix::Dialer::connect(&served.path).unwrap_err());
    assert!(error.is_none_or(|error| error.errno() == Some(Errno::EACCES)));
    fs::set_permissions(served.folder.path(), Permissions::from_mode(0o755)).unwrap();
    let Some(nl) = as_nobody(|| {
        let nl = served.connect();
        assert_eq!((ask(&nl, 1), ask(&nl, 2)), (Err(Errno::EPERM), Ok(())));
        assert_eq!(nl.call(Echo, &Msg::new().msg("hi")).unwrap().msg.as_deref(), Some("hi"));
        let users = served.socket(Protocol::USERSOCK);
        assert_eq!(users.join(1).unwrap_err().errno(), Some(Errno::EPERM));
        nl
    }) else {
        return;
    };
    // Its sockets are what they were when opened, whoever uses them.
    assert_eq!(ask(&nl, 1), Err(Errno::EPERM));
}

/// As a descriptor of netlink's that is passed on: by control, and by the data channel.
#[test]
fn an_administrators_sockets_do_not_lend_rights_to_others() {
    let served = Served::new();
    let op = raw::Op::new(1).flags(OpFlags::ADMIN_PERM).do_policy(&ANY).doit(|_| Ok(()));
    let id = served.kernel.register(raw::Family::new("secrets").op(op)).unwrap().id;
    let raw = Raw::greeted(&served.path);
    let (socket, data) = raw.open(0);
    let mut seq = 0;
    let mut ask = |by_control: bool| {
        seq += 1;
        let bytes = request(id, 1, Flags::ACK, seq, &[]);
        if by_control {
            raw.ask([14, 1, socket, 0, 0, 0], &bytes).unwrap();
        } else {
            data.send(&bytes);
        }
        let answer = data.recv().unwrap();
        messages(&answer).flatten().find_map(|message| message.error()).map(|error| error.errno)
    };
    assert_eq!([ask(true), ask(false)], [Some(Errno(0)); 2]);
    let Some(passed) = as_nobody(|| [ask(true), ask(false)]) else { return };
    assert_eq!(passed, [Some(Errno::EPERM); 2]);
    // What takes the caller's privileges alone.
    let (opened, _data) = as_nobody(|| raw.ask([2, 1, 0, 2, 0, 0], &[]).unwrap()).unwrap();
    assert_eq!(raw.ask([10, 1, opened[2], 1, 0, 0], &[]).unwrap().0[1], 0);
    let refused = as_nobody(|| raw.ask([10, 1, opened[2], 2, 0, 0], &[]).unwrap().0[1]);
    assert_eq!(refused, Some(Errno::EPERM.0 as u32));
    assert_eq!([ask(true), ask(false)], [Some(Errno(0)); 2], "they are what they were");
}

#[test]
fn a_kernel_side_that_goes_away_takes_its_handlers_along() {
    let kernel = Kernel::new();
    let registered = kernel.register(Family::new(()).on_do(Echo, |_, request, _| Ok(request))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let serving = unix::Server::bind(&path).unwrap().start(kernel.clone()).unwrap();
    let nl = Connection::over(std::sync::Arc::new(unix::Dialer::connect(&path).unwrap()));
    nl.call(Echo, &Msg::new()).unwrap();
    // Clients that are connected do not hold a family, nor the server.
    kernel.unregister(&registered).unwrap();
    assert!(nl.call(Echo, &Msg::new()).unwrap_err().is_not_found());
    let stopper = serving.stopper();
    let stopping = thread::spawn(move || serving.stop());
    eventually("it stops", || stopping.is_finished());
    stopping.join().unwrap().unwrap();
    stopper.stop();
    thread::sleep(Duration::from_millis(1));
}

#[test]
fn who_waits_for_a_handler_too_long_gives_up_and_may_ask_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let kernel = Kernel::new();
    let gate = Arc::new(Gate::default());
    let slow = gate.clone();
    let family = Family::new(()).parallel().on_do(Echo, move |(), request: Msg, _| {
        if request.msg.as_deref() == Some("slow") {
            slow.pass();
        }
        Ok(request)
    });
    kernel.register(family).unwrap();
    let serving = unix::Server::bind(&path).unwrap().start(kernel).unwrap();
    let dialer = || Arc::new(unix::Dialer::connect(&path).unwrap());
    let nl = Connection::builder().dialer(dialer()).timeout(Duration::from_millis(200)).open().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    // What waits for no handler may take longer than that too, on a machine that is busy.
    let quick = |request: &Msg| loop {
        match nl.call(Echo, request) {
            Err(error) if error.is_timeout() && Instant::now() < until => {}
            answer => break answer.unwrap(),
        }
    };
    assert_eq!(quick(&Msg::new()), Msg::new());
    let patient = Connection::builder().dialer(dialer()).no_timeout().open().unwrap();
    let said = Msg::new().msg("slow");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| patient.call(Echo, &said).unwrap());
        gate.holds(1);
        let error = nl.call(Echo, &said).unwrap_err();
        assert!(error.is_timeout(), "{error}");
        assert!(error.to_string().starts_with("DOC_EXMPL echo: no answer within 200ms"), "{error}");
        gate.holds(2);
        gate.let_on(2);
        assert_eq!(waiting.join().unwrap(), said);
    });
    // What was given up is answered some time; it is nobody's answer then.
    assert_eq!(quick(&Msg::new().msg("again")), Msg::new().msg("again"));
    assert!(nl.strays().stale >= 1);
    drop((nl, patient));
    serving.stop().unwrap();
}

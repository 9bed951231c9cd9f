// Batches, over every shell and kernel side.

/// Asks nlctrl for a family; the kernel side has none of that name if it is an odd one.
fn asked(n: usize) -> CtrlAttrs {
    match n % 7 {
        3 => CtrlAttrs::new().family_name("NO_SUCH"),
        5 => CtrlAttrs::new().family_name("a name far too long"),
        _ => nlctrl(),
    }
}

/// What must come of it.
fn expected(n: usize) -> Option<Errno> {
    match n % 7 {
        3 => Some(Errno::ENOENT),
        5 => Some(Errno::EINVAL),
        _ => None,
    }
}

case! {
    fn a_batch_tells_of_each_request(side, nl) {
        const COUNT: usize = 500;
        for per_send in [1, 2, 64, 1000] {
            let (mut batch, mut tickets) = (nl.batch().per_send(per_send), Vec::new());
            for n in 0..COUNT {
                let ask = asked(n);
                let request = nl.request(Getfamily, &ask);
                tickets.push(wait!(batch.push(if n % 5 == 0 { request.ack() } else { request })).unwrap());
            }
            assert_eq!((batch.len(), tickets[7].index()), (COUNT, 7), "{side}");
            let outcomes = wait!(batch.send()).unwrap();
            let failures: Vec<_> = outcomes.failures().map(|(n, error)| (n, error.errno())).collect();
            let must: Vec<_> = (0..COUNT).filter(|n| expected(*n).is_some()).map(|n| (n, expected(n))).collect();
            assert_eq!(failures, must, "{side}, {per_send} a send");
            for (n, ticket) in tickets.into_iter().enumerate() {
                let reply = outcomes.reply(ticket);
                assert_eq!(outcomes.result(n).err().and_then(|error| error.errno()), expected(n), "{side}: {n}");
                assert_eq!(reply.map(|family| family.family_id).ok(), expected(n).is_none().then_some(Some(16)), "{side}");
            }
            let error = outcomes.all().unwrap_err();
            let text = "nlctrl getfamily (request 3 of the batch): ENOENT: no such file or directory";
            assert_eq!((error.index(), error.to_string().as_str()), (Some(3), text), "{side}");
            let (_, error) = outcomes.failures().nth(1).unwrap();
            assert_eq!((error.index(), error.path(), error.offset()), (Some(5), Some("family-name"), Some(20)), "{side}");
            assert!(error.is_refused() && !error.is_unknown() && !error.is_unsent(), "{side}");
        }
        assert_eq!(nl.strays(), StrayCount::default(), "{side}");
    }
}

case! {
    fn requests_by_hand_make_batches_too(side, nl) {
        let mut batch = nl.batch();
        // A no-op is done and says nothing.
        let quiet = wait!(batch.push(nl.request_raw(1))).unwrap();
        let family = nl.request_raw(16).named("nlctrl", "getfamily").cmd(3).version(1);
        let loud = wait!(batch.push(family.clone().attr(2, b"nlctrl\0"))).unwrap();
        let wrong = wait!(batch.push(family.clone().attr(2, b"a name far too long\0"))).unwrap();
        let named = wait!(batch.push(family.schema(INFO.op("getfamily").unwrap().doit.unwrap().asks).attr(2, &[b'x'; 99]))).unwrap();
        let unknown = wait!(batch.push(nl.request_raw(16).cmd(99))).unwrap();
        let none = wait!(batch.push(nl.request_raw(0x3ff).cmd(1))).unwrap();
        let outcomes = wait!(batch.send()).unwrap();
        assert!(outcomes.raw_answer(quiet).unwrap().replies.is_empty(), "{side}");
        let answer = outcomes.raw_answer(loud).unwrap();
        assert_eq!(answer.replies[0].attrs(0).first(1).unwrap().read::<u16>(), Some(16), "{side}");
        assert_eq!(outcomes.raw_answer(wrong).unwrap_err().path(), Some("attribute 2"), "{side}");
        assert_eq!(outcomes.raw_answer(named).unwrap_err().path(), Some("family-name"), "{side}");
        assert!(outcomes.raw_answer(unknown).unwrap_err().is_unsupported(), "{side}");
        assert!(outcomes.raw_answer(none).unwrap_err().is_not_found(), "{side}");
        assert_eq!(outcomes.failures().count(), 4, "{side}");
        // The last one is told by its acknowledgement, though it replies.
        let mut batch = nl.batch();
        let last = wait!(batch.push(nl.request_raw(16).cmd(3).version(1).attr(2, b"nlctrl\0"))).unwrap();
        assert_eq!(wait!(batch.send()).unwrap().raw_answer(last).unwrap().replies.len(), 1, "{side}");
        assert_eq!(nl.strays(), StrayCount::default(), "{side}");
    }
}

case! {
    fn what_makes_no_sense_is_not_pushed(side, nl) {
        let mut batch = nl.batch();
        let ask = nlctrl();
        let long = CtrlAttrs::new().family_name("x".repeat(70_000));
        let other = nl.batch();
        let refused = |error: Error, word: &str| {
            assert!(error.to_string().contains(word) && error.errno().is_none(), "{side}: {error}");
        };
        refused(wait!(batch.push(nl.request(Getfamily, &ask).replace().excl())).unwrap_err(), "`dump`");
        refused(wait!(batch.push(nl.request_raw(16).cmd(3).flags(Flags::DUMP))).unwrap_err(), "`dump`");
        refused(wait!(batch.push(nl.request_raw(16).any_sequence(true))).unwrap_err(), "by itself");
        refused(wait!(batch.push(nl.request(Getfamily, &long))).unwrap_err(), "65,535");
        assert!(batch.is_empty(), "{side}");
        assert!(wait!(batch.send()).unwrap().is_empty(), "{side}: nothing is no failure");

        let mut batch = nl.batch();
        let ticket = wait!(batch.push(nl.request(Getfamily, &ask))).unwrap();
        refused(wait!(batch.push(nl.request_raw(16).protocol(Protocol::ROUTE))).unwrap_err(), "protocol");
        assert_eq!(batch.len(), 1, "{side}");
        refused(wait!(other.send()).unwrap().reply(ticket).unwrap_err(), "another batch");
        let outcomes = wait!(batch.send()).unwrap();
        outcomes.all().unwrap();
        assert_eq!(outcomes.reply(ticket).unwrap().family_id, Some(16), "{side}");
        refused(outcomes.result(1).unwrap_err(), "fewer");
    }
}

case! {
    fn calls_and_other_batches_go_on_beside_one(side, nl) {
        let ask = nlctrl();
        let (mut one, mut other) = (nl.batch(), nl.batch());
        for n in 0..100 {
            wait!(one.push(nl.request(Getfamily, &ask))).unwrap();
            wait!(other.push(nl.request(Getfamily, &asked(n)))).unwrap();
            wait!(nl.call(Getfamily, &ask)).unwrap();
        }
        let other = wait!(other.send()).unwrap();
        assert_eq!(other.failures().count(), (0..100).filter(|n| expected(*n).is_some()).count(), "{side}");
        wait!(one.send()).unwrap().all().unwrap();
        // One that is not sent leaves nothing behind.
        let mut dropped = nl.batch();
        wait!(dropped.push(nl.request(Getfamily, &ask))).unwrap();
        drop(dropped);
        wait!(nl.call(Getfamily, &ask)).unwrap();
        assert_eq!(nl.strays(), StrayCount::default(), "{side}");
    }
}

case! {
    fn batches_of_many_run_at_once(_side, nl) {
        crowd!(8, nl, {
            for _ in 0..3 {
                let mut batch = nl.batch();
                for n in 0..200 {
                    wait!(batch.push(nl.request(Getfamily, &asked(n)))).unwrap();
                }
                let outcomes = wait!(batch.send()).unwrap();
                let wrong = outcomes.failures().filter(|(n, error)| error.errno() != expected(*n)).count();
                assert_eq!((wrong, outcomes.failures().count()), (0, 57));
            }
        });
    }
}

case! {
    fn a_batch_stops_where_it_shall(side, nl) {
        for (per_send, sent) in [(1, 4), (3, 6), (64, 64)] {
            let mut batch = nl.batch().per_send(per_send).stop_on_error();
            for n in 0..100 {
                wait!(batch.push(nl.request(Getfamily, &asked(n)))).unwrap();
            }
            let outcomes = wait!(batch.send()).unwrap();
            for n in 0..100 {
                let result = outcomes.result(n);
                match n {
                    _ if n < sent => assert_eq!(result.err().and_then(|error| error.errno()), expected(n), "{side}: {n}"),
                    _ => {
                        let error = result.unwrap_err();
                        assert!(error.is_unsent() && error.index() == Some(n), "{side}: {error}");
                        assert!(error.to_string().contains("request 3 failed"), "{side}: {error}");
                    }
                }
            }
        }
    }
}

case! {
    fn hooks_are_asked_about_each_request_of_a_batch(side, nl) {
        let seen = Arc::new(Mutex::new((0, 0)));
        let told = seen.clone();
        nl.hooks().on(Hook::MsgOut, move |_| {
            told.lock().unwrap().0 += 1;
            Flow::Next
        });
        let told = seen.clone();
        nl.hooks().on_error(move |_, _| {
            told.lock().unwrap().1 += 1;
            Flow::Next
        });
        let mut batch = nl.batch();
        for n in 0..150 {
            wait!(batch.push(nl.request(Getfamily, &asked(n)))).unwrap();
        }
        let failures = wait!(batch.send()).unwrap().failures().count();
        assert_eq!(*seen.lock().unwrap(), (150, failures), "{side}");

        // One may stop it before anything is sent, or half-way.
        for (nth, sent) in [(1, 0), (100, 64)] {
            let left = Mutex::new(nth);
            nl.hooks().on(Hook::MsgOut, move |_| {
                let mut left = left.lock().unwrap();
                *left -= 1;
                if *left == 0 { Flow::Stop } else { Flow::Next }
            });
            let mut batch = nl.batch();
            for _ in 0..150 {
                wait!(batch.push(nl.request(Getfamily, &nlctrl()))).unwrap();
            }
            match wait!(batch.send()) {
                Ok(outcomes) => {
                    let unsent: Vec<_> = outcomes.failures().map(|(n, error)| (n, error.is_unsent(), error.is_stopped())).collect();
                    assert_eq!(unsent, (sent..150).map(|n| (n, true, true)).collect::<Vec<_>>(), "{side}");
                }
                Err(error) => assert!(sent == 0 && error.is_stopped(), "{side}: {error}"),
            }
        }
    }
}

faulty! {
    fn strangers_and_strays_are_no_answers_to_a_batch(side, nl, kernel) {
        wait!(nl.call(Echo, &text("first"))).unwrap();
        for round in 0..5 {
            kernel.faults().stray().forged_sender();
            let (mut batch, mut tickets) = (nl.batch(), Vec::new());
            for n in 0..100 {
                tickets.push(wait!(batch.push(nl.request(Echo, &text(n)))).unwrap());
            }
            let outcomes = wait!(batch.send()).unwrap();
            for (n, ticket) in tickets.into_iter().enumerate() {
                assert_eq!(outcomes.reply(ticket).unwrap(), text(n), "{side}: {round}");
            }
        }
        let count = nl.strays();
        assert_eq!((count.forged, count.unknown + count.stale), (5, 5), "{side}: {count:?}");
    }
}

faulty! {
    fn what_is_not_answered_in_time_is_unknown_and_the_rest_not_sent(side, nl, kernel) {
        wait!(nl.call(Echo, &text("first"))).unwrap();
        kernel.faults().lose_answers(1_000);
        let mut batch = nl.batch().per_send(10).timeout(SHORT);
        for n in 0..25 {
            wait!(batch.push(nl.request(Echo, &text(n)))).unwrap();
        }
        let outcomes = wait!(batch.send()).unwrap();
        for n in 0..25 {
            let error = outcomes.result(n).unwrap_err();
            assert!(error.is_timeout() && error.is_unknown() == (n < 10) && error.is_unsent() == (n >= 10), "{side}: {error}");
        }
        kernel.faults().clear();
        let mut batch = nl.batch();
        let ticket = wait!(batch.push(nl.request(Echo, &text("again")))).unwrap();
        assert_eq!(wait!(batch.send()).unwrap().reply(ticket).unwrap(), text("again"), "{side}");
    }
}

faulty! {
    fn rubbish_and_cut_answers_cost_no_more_than_they_must(side, nl, kernel) {
        wait!(nl.call(Echo, &text("first"))).unwrap();
        let each = |n: usize| text(n);
        for cut in [false, true] {
            if cut {
                kernel.faults().truncate();
            } else {
                kernel.faults().garble();
            }
            let (mut batch, mut tickets) = (nl.batch(), Vec::new());
            for n in 0..10 {
                tickets.push(wait!(batch.push(nl.request(Echo, &each(n)))).unwrap());
            }
            let outcomes = wait!(batch.send()).unwrap();
            // All the others say themselves that they were done.
            for (n, ticket) in tickets.into_iter().enumerate() {
                match outcomes.reply(ticket) {
                    Ok(reply) => assert!(reply == each(n) && (n > 0 || !cut), "{side}: {n}"),
                    Err(error) => assert!(cut && n == 0 && error.is_truncated(), "{side}: {error}"),
                }
            }
        }
    }
}

faulty! {
    fn a_family_that_has_another_id_now_refuses_once(side, nl, kernel) {
        wait!(nl.call(Echo, &text("first"))).unwrap();
        kernel.renew();
        let mut batch = nl.batch();
        for n in 0..5 {
            wait!(batch.push(nl.request(Echo, &text(n)))).unwrap();
        }
        let outcomes = wait!(batch.send()).unwrap();
        assert!(outcomes.failures().all(|(_, error)| error.is_refused() && error.is_not_found()), "{side}");
        assert_eq!(outcomes.failures().count(), 5, "{side}");
        let mut batch = nl.batch();
        let ticket = wait!(batch.push(nl.request(Echo, &text("again")))).unwrap();
        assert_eq!(wait!(batch.send()).unwrap().reply(ticket).unwrap(), text("again"), "{side}");
    }
}

tight! {
    fn a_full_queue_makes_unknown_what_it_must_and_nothing_else(side, nl, tight) {
        // No-ops are done in silence, commands that nlctrl does not have are refused: with so many of these in between, the
        // queue is full at each place.
        let (mut unknown, mut refused, mut done) = (0, 0, 0);
        for every in [1, 2, 3, 5, 8, 13] {
            for acked in [false, true] {
                tight.squeeze(2304);
                let mut batch = nl.batch().per_send(40);
                for n in 0..100 {
                    let request = match n % every {
                        0 => nl.request_raw(16).cmd(99),
                        _ if acked => nl.request_raw(1).flags(Flags::ACK),
                        _ => nl.request_raw(1),
                    };
                    wait!(batch.push(request)).unwrap();
                }
                let outcomes = wait!(batch.send()).unwrap();
                for n in 0..100 {
                    match outcomes.result(n) {
                        Ok(()) => {
                            assert_ne!(n % every, 0, "{side}: request {n} of {every} was refused");
                            done += 1;
                        }
                        Err(error) if error.is_unknown() => {
                            assert!(error.is_overrun(), "{side}: {error}");
                            unknown += 1;
                        }
                        Err(error) => {
                            assert!(error.is_unsupported() && n % every == 0, "{side}: {n} of {every}: {error}");
                            refused += 1;
                        }
                    }
                }
                // With a queue as it should be, all is known.
                tight.release();
                let mut batch = nl.batch();
                wait!(batch.push(nl.request_raw(16).cmd(99))).unwrap();
                wait!(batch.push(nl.request_raw(1))).unwrap();
                let outcomes = wait!(batch.send()).unwrap();
                assert!(outcomes.result(0).unwrap_err().is_unsupported() && outcomes.result(1).is_ok(), "{side}");
            }
        }
        assert!(unknown > 0 && refused > 0 && done > 0, "{side}: {unknown} {refused} {done}");
    }
}

tight! {
    fn a_send_that_is_too_long_is_made_shorter_and_a_request_named(side, nl, tight) {
        tight.bound(2_000);
        let mut batch = nl.batch();
        for n in 0..100 {
            let name = if n == 70 { "x".repeat(4_000) } else { "x".repeat(n) };
            wait!(batch.push(nl.request(Getfamily, &CtrlAttrs::new().family_name(name)))).unwrap();
        }
        let outcomes = wait!(batch.send()).unwrap();
        for n in 0..100 {
            let error = outcomes.result(n).unwrap_err();
            assert_eq!(error.is_unsent(), n == 70, "{side}: {error}");
            if n == 70 {
                assert_eq!(error.errno(), Some(Errno::EMSGSIZE), "{side}");
                assert!(error.to_string().contains("request 70") && error.to_string().contains("split"), "{side}: {error}");
            }
        }
    }
}

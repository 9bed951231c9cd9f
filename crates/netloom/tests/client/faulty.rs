// The cases of every shell on a kernel side that misbehaves.

faulty! {
    fn strangers_and_strays_are_no_answers(side, nl, kernel) {
        wait!(nl.call(Echo, &text("first"))).unwrap();
        for n in 0..20 {
            kernel.faults().stray().forged_sender();
            assert_eq!(wait!(nl.call(Echo, &text(n))).unwrap(), text(n), "{side}");
        }
        let count = nl.strays();
        assert_eq!((count.forged, count.unknown + count.stale), (20, 20), "{side}: {count:?}");
    }
}

faulty! {
    fn a_lost_answer_is_a_timeout_and_the_next_one_is_right(side, nl, kernel) {
        wait!(nl.call(Echo, &text("first"))).unwrap();
        kernel.faults().lose_answers(2);
        let lost = text("lost");
        let error = wait!(nl.request(Echo, &lost).timeout(SHORT).reply()).unwrap_err();
        assert!(error.is_timeout(), "{side}: {error}");
        kernel.faults().clear();
        assert_eq!(wait!(nl.call(Echo, &text("second"))).unwrap(), text("second"), "{side}");
    }
}

faulty! {
    fn torn_dumps_say_so_last_or_are_asked_for_again(side, nl, kernel) {
        kernel.faults().interrupt_next_dump();
        let mut dump = wait!(nl.dump(List, &())).unwrap();
        let mut seen = 0;
        let last = loop {
            match wait!(dump.next()).unwrap() {
                Ok(_) => seen += 1,
                Err(error) => break error,
            }
        };
        assert!(seen == LISTED && last.is_interrupted() && dump.is_interrupted(), "{side}: {seen} {last}");
        assert!(wait!(dump.next()).is_none(), "{side}");
        kernel.faults().interrupt_dumps(2);
        assert_eq!(wait!(wait!(nl.dump(List, &())).unwrap().consistent(2)).unwrap().whole().unwrap().len(), LISTED, "{side}");
        kernel.faults().interrupt_dumps(3);
        let torn = match wait!(wait!(nl.dump(List, &())).unwrap().consistent(2)).unwrap() {
            Consistent::Torn(torn) => torn,
            Consistent::Whole(_) => panic!("{side}"),
        };
        assert_eq!((torn.objects.len(), torn.attempts), (LISTED, 3), "{side}");
        assert!(torn.error().is_interrupted() && torn.to_string().contains("3 times"), "{side}: {torn}");
        assert!(wait!(wait!(nl.dump(List, &())).unwrap().consistent(0)).unwrap().whole().is_ok(), "{side}");
        kernel.faults().busy_next_dump();
        assert!(wait!(nl.dump(List, &())).map(drop).unwrap_err().is_busy(), "{side}");
    }
}

faulty! {
    fn rubbish_ends_a_call_and_no_more(side, nl, kernel) {
        wait!(nl.call(Echo, &text("first"))).unwrap();
        kernel.faults().garble();
        let error = wait!(nl.call(Echo, &text("garbled"))).unwrap_err();
        assert!(error.errno().is_none(), "{side}: {error}");
        assert_eq!(wait!(nl.call(Echo, &text("second"))).unwrap(), text("second"), "{side}");
    }
}

faulty! {
    fn a_cut_answer_is_told(side, nl, kernel) {
        wait!(nl.call(Echo, &text("first"))).unwrap();
        kernel.faults().truncate();
        let error = wait!(nl.call(Echo, &text("cut"))).unwrap_err();
        assert!(error.is_truncated(), "{side}: {error}");
        assert_eq!(wait!(nl.call(Echo, &text("second"))).unwrap(), text("second"), "{side}");
    }
}

faulty! {
    fn an_overrun_is_an_item_of_events_and_a_resync_of_a_follow(side, nl, kernel) {
        let mut events = wait!(nl.subscribe(&[DOC_EXMPL_GRP])).unwrap();
        let mut follow = wait!(nl.follow(List, &(), &[DOC_EXMPL_GRP])).unwrap();
        while !follow.is_synced() {
            wait!(follow.next()).unwrap().unwrap();
        }
        kernel.faults().overrun();
        kernel.notify(Said, &text("lost"));
        let lost = wait!(events.next()).unwrap().unwrap_err();
        assert!(lost.is_overrun(), "{side}: {lost}");
        assert!(matches!(wait!(follow.next()).unwrap().unwrap(), Followed::Resync(why) if why.is_overrun()), "{side}");
        while !follow.is_synced() {
            wait!(follow.next()).unwrap().unwrap();
        }
        kernel.notify(Said, &text("heard"));
        assert_eq!(wait!(events.next()).unwrap().unwrap().get(Said), Some(text("heard")), "{side}");
        assert!(matches!(wait!(follow.next()).unwrap().unwrap(), Followed::Event(_)), "{side}");
    }
}

faulty! {
    fn a_full_queue_loses_and_the_connection_goes_on(side, nl, kernel) {
        // More unasked messages than the queue holds: the answer is among what was lost, or is not.
        let flood = Msg::new().msg("3000");
        let flooded = wait!(nl.call(Say, &flood));
        assert!(flooded.as_ref().map_or_else(|error| error.is_overrun() || error.errno().is_some(), |_| true), "{side}");
        assert_eq!(wait!(nl.call(Echo, &text("after"))).unwrap(), text("after"), "{side}");
        assert!(nl.strays().unsolicited > 0, "{side}");
        kernel.faults().clear();
    }
}

faulty! {
    fn the_other_half_hears_what_comes_between_the_answers(side, nl, kernel) {
        let (nl, mut heard) = nl.clone().split().unwrap();
        wait!(nl.family("DOC_EXMPL")).unwrap();
        for _ in 0..50 {
            assert!(wait!(nl.call(Say, &Msg::new().msg("3"))).is_ok(), "{side}");
        }
        for n in 0..150 {
            let event = wait!(heard.next()).unwrap().unwrap();
            assert_eq!(event.get(Said).unwrap().index, Some(n % 3), "{side}");
        }
        assert!(heard.try_next().is_none(), "{side}");
        kernel.unicast(nl.port().unwrap(), Said, &text("first")).unwrap();
        assert_eq!(wait!(heard.next()).unwrap().unwrap().get(Said), Some(text("first")), "{side}");
        kernel.unicast(nl.port().unwrap(), Said, &text("second")).unwrap();
        let patience = std::time::Instant::now() + std::time::Duration::from_secs(30);
        let second = std::iter::repeat_with(|| heard.try_next()).find(|item| item.is_some() || std::time::Instant::now() > patience);
        assert_eq!(second.flatten().unwrap().unwrap().get(Said), Some(text("second")), "{side}");
        assert!(heard.try_next().is_none(), "{side}");
        let count = nl.strays();
        assert_eq!((count.unsolicited, count.overruns, count.stale, count.unknown), (152, 0, 0, 0), "{side}");
    }
}

faulty! {
    fn a_family_that_came_back_under_another_id_is_found(side, nl, kernel) {
        wait!(nl.call(Echo, &text("first"))).unwrap();
        kernel.renew();
        assert_eq!(wait!(nl.call(Echo, &text("second"))).unwrap(), text("second"), "{side}");
        kernel.renew();
        let third = wait!(nl.call(Echo, &((), [MsgAttr::Msg("third")]))).unwrap();
        assert_eq!(third, wait!(nl.call(Echo, &Msg::new().msg("third"))).unwrap(), "{side}");
        kernel.renew();
        let whole = wait!(wait!(nl.dump(List, &())).unwrap().consistent(1)).unwrap().whole().unwrap();
        assert_eq!(whole.len(), LISTED, "{side}");
    }
}

faulty! {
    fn a_loss_in_a_crowd_makes_no_answer_wrong(side, nl, kernel) {
        wait!(nl.call(Echo, &text("first"))).unwrap();
        for point in 0..24 {
            kernel.faults().after(point).overrun_answers(2);
            crowd!(8, nl, {
                for n in 0..4 {
                    match wait!(nl.call(Echo, &text(n))) {
                        Ok(reply) => assert_eq!(reply, text(n)),
                        Err(error) => assert!(error.is_overrun(), "{error}"),
                    }
                }
            });
            assert!(!kernel.faults().is_any_pending(), "{side} {point}");
            kernel.faults().clear();
            assert_eq!(wait!(nl.call(Echo, &text("after"))).unwrap(), text("after"), "{side} {point}");
        }
    }
}

faulty! {
    fn a_hundred_share_one_socket(side, nl, kernel) {
        wait!(nl.call(Echo, &text("first"))).unwrap();
        crowd!(100, nl, {
            for n in 0..10 {
                assert_eq!(wait!(nl.call(Echo, &text(n))).unwrap(), text(n));
            }
        });
        assert_eq!((kernel.sockets().len(), nl.strays()), (1, StrayCount::default()), "{side}");
    }
}

faulty! {
    fn dumps_left_half_way_leave_no_socket(side, nl, kernel) {
        // Behind a unix socket each has a connection and a thread.
        let turns = if side == &"unix" { 300 } else { 2_000 };
        for _ in 0..turns {
            let mut dump = wait!(nl.dump(List, &())).unwrap();
            assert_eq!(wait!(dump.next()).unwrap().unwrap().index, Some(0), "{side}");
        }
        assert_eq!(wait!(nl.call(Echo, &text("after"))).unwrap(), text("after"), "{side}");
        let whole = wait!(wait!(nl.dump(List, &())).unwrap().consistent(0)).unwrap().whole().unwrap();
        assert_eq!(whole.len(), LISTED, "{side}");
        // A server closes them when it comes to it.
        while kernel.sockets().len() > 4 {
            std::thread::yield_now();
        }
    }
}

faulty! {
    fn who_is_told_what_he_did_not_ask_waits_no_longer(side, nl, kernel) {
        // A protocol that answers nothing, whose kernel side goes on talking.
        let silent = Protocol::new(31).unwrap();
        let (ports, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let heard = ports.clone();
        let input = move |datagram: &mut Input<'_>| heard.lock().unwrap().push(datagram.port());
        kernel.register_protocol(silent, Config::new().nonroot_send().input(input)).unwrap();
        let (talker, until) = (netloom::kernel::Kernel::clone(kernel), over.clone());
        let talking = thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                for port in ports.lock().unwrap().iter() {
                    // To who is gone it is an error.
                    let stray = Header { seq: 77_777, port: *port, ..Header::new(MessageType(20), Flags::NONE) };
                    let _ = talker.unicast_raw(silent, *port, stray.message(&[]));
                }
                thread::sleep(SHORT / 10);
            }
        });
        let ask = || nl.request_raw(20).protocol(silent).timeout(SHORT);
        // Until the talker has had its turn.
        let patience = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while nl.strays().unknown == 0 && std::time::Instant::now() < patience {
            let error = wait!(ask().send()).unwrap_err();
            assert!(error.is_timeout(), "{side}: {error}");
            // Nor is the first that comes taken for the first of a dump.
            let error = match wait!(ask().dump()) {
                Ok(mut dump) => wait!(dump.next_ref()).unwrap().map(drop).unwrap_err(),
                Err(error) => error,
            };
            assert!(error.is_timeout(), "{side}: {error}");
        }
        over.store(true, Ordering::Relaxed);
        talking.join().unwrap();
        assert!(nl.strays().unknown > 0, "{side}");
    }
}

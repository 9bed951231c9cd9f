// A client of rtnetlink in Go, over github.com/vishvananda/netlink: lists links, makes one of a kind, changes and removes
// it, and tells what it hears of that meanwhile. Index numbers are told as whether they are the same.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func must(what string, err error) {
	if err != nil {
		fmt.Printf("%s: %v\n", what, err)
		os.Exit(1)
	}
}

func told(link netlink.Link) string {
	a := link.Attrs()
	return fmt.Sprintf("%s %q %T mtu %d qlen %d %v %#x %s %s group %d promisc %d queues %d %d alias %q gso %d %d master %d",
		link.Type(), a.Name, link, a.MTU, a.TxQLen, a.Flags, a.RawFlags, a.OperState, a.EncapType, a.Group, a.Promisc,
		a.NumTxQueues, a.NumRxQueues, a.Alias, a.GSOMaxSize, a.GSOMaxSegs, a.MasterIndex)
}

// show tells of all links, or of one by name.
func show(names ...string) {
	if len(names) == 0 {
		links, err := netlink.LinkList()
		must("list", err)
		for _, link := range links {
			fmt.Println("listed:", told(link))
		}
	}
	for _, name := range names {
		link, err := netlink.LinkByName(name)
		if err != nil {
			_, absent := err.(netlink.LinkNotFoundError)
			fmt.Printf("%s: %v, which is not there: %t\n", name, err, absent)
			continue
		}
		same, err := netlink.LinkByIndex(link.Attrs().Index)
		must("by index", err)
		fmt.Println("by name:", told(link), same.Attrs().Name == link.Attrs().Name)
	}
}

func made(kind string) netlink.Link {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "loom1"
	switch kind {
	case "wireguard":
		return &netlink.Wireguard{LinkAttrs: attrs}
	case "bridge":
		return &netlink.Bridge{LinkAttrs: attrs}
	}
	fmt.Println("no such kind:", kind)
	os.Exit(2)
	return nil
}

func change(kind string) {
	updates, done := make(chan netlink.LinkUpdate, 100), make(chan struct{})
	failed := func(err error) { fmt.Println("subscription:", err) }
	must("subscribe", netlink.LinkSubscribeWithOptions(updates, done, netlink.LinkSubscribeOptions{ErrorCallback: failed}))
	link := made(kind)
	must("add", netlink.LinkAdd(link))
	fmt.Println("again:", netlink.LinkAdd(made(kind)))
	show("loom1", "loom2")
	link, err := netlink.LinkByName("loom1")
	must("by name", err)
	index := link.Attrs().Index
	must("up", netlink.LinkSetUp(link))
	must("mtu", netlink.LinkSetMTU(link, 1280))
	must("qlen", netlink.LinkSetTxQLen(link, 7))
	must("alias", netlink.LinkSetAlias(link, "of a loom"))
	must("promisc", netlink.SetPromiscOn(link))
	show("loom1")
	must("no promisc", netlink.SetPromiscOff(link))
	must("down", netlink.LinkSetDown(link))
	fmt.Println("to lo:", netlink.LinkSetName(link, "lo"))
	must("name", netlink.LinkSetName(link, "loom2"))
	fmt.Println("mtu:", netlink.LinkSetMTU(link, -1))
	show("loom1", "loom2")
	must("del", netlink.LinkDel(link))
	fmt.Println("again:", netlink.LinkDel(link))
	show("loom2")
	for {
		select {
		case update := <-updates:
			if int(update.Index) != index {
				continue
			}
			fmt.Printf("heard: %d %#x %s\n", update.Header.Type, update.IfInfomsg.Change, told(update.Link))
			if update.Header.Type == unix.RTM_DELLINK && update.IfInfomsg.Family == unix.AF_UNSPEC {
				close(done)
				return
			}
		case <-time.After(10 * time.Second):
			fmt.Println("heard no more")
			os.Exit(1)
		}
	}
}

func families() {
	family, err := netlink.GenlFamilyGet("nlctrl")
	must("get", err)
	fmt.Printf("family: %+v\n", *family)
	_, err = netlink.GenlFamilyGet("NO_SUCH")
	fmt.Println("NO_SUCH:", err)
	list, err := netlink.GenlFamilyList()
	must("list", err)
	fmt.Printf("first: %+v\n", *list[0])
}

func main() {
	if len(os.Args) == 1 {
		families()
		show()
	}
	for _, kind := range os.Args[1:] {
		change(kind)
	}
}

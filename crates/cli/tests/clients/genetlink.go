// A client of generic netlink in Go, over github.com/mdlayher/genetlink: what it learns of the families named, and how its
// sockets behave under Go's scheduler, which polls them, gives up on time and closes them while others wait.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/net/bpf"
)

const (
	controller = 0x10
	getFamily  = 3
	attrID     = 1
	attrName   = 2
)

// must gives up on an error.
func must(what string, err error) {
	if err != nil {
		fmt.Printf("%s: %v\n", what, err)
		os.Exit(1)
	}
}

func open() *genetlink.Conn {
	c, err := genetlink.Dial(nil)
	must("dial", err)
	return c
}

func attributes(encode func(*netlink.AttributeEncoder)) []byte {
	ae := netlink.NewAttributeEncoder()
	encode(ae)
	b, err := ae.Encode()
	must("encode", err)
	return b
}

func request(data []byte) genetlink.Message {
	return genetlink.Message{Header: genetlink.Header{Command: getFamily, Version: 2}, Data: data}
}

// families tells of each family by name, and again as the dump has them.
func families(names []string) {
	c := open()
	defer c.Close()
	for _, name := range names {
		family, err := c.GetFamily(name)
		if err != nil {
			fmt.Printf("%s: %v, which is not there: %t\n", name, err, errors.Is(err, fs.ErrNotExist))
			continue
		}
		fmt.Printf("%s: %+v\n", name, family)
	}
	list, err := c.ListFamilies()
	must("list", err)
	for _, family := range list {
		for _, name := range names {
			if family.Name == name {
				fmt.Printf("listed: %+v\n", family)
			}
		}
	}
}

// refusals tells how errors read, with what extended acknowledgement says.
func refusals() {
	c := open()
	defer c.Close()
	for _, option := range []netlink.ConnOption{netlink.CapAcknowledge, netlink.ExtendedAcknowledge, netlink.GetStrictCheck, netlink.NoENOBUFS, netlink.PacketInfo, netlink.BroadcastError} {
		fmt.Printf("option %d: %v\n", option, c.SetOption(option, true))
	}
	fmt.Println("option 99:", c.SetOption(99, true))
	for _, data := range [][]byte{
		nil,
		attributes(func(ae *netlink.AttributeEncoder) { ae.String(attrName, "a name that is longer than any") }),
		attributes(func(ae *netlink.AttributeEncoder) { ae.Bytes(attrID, []byte{1}) }),
		{4, 0},
		{8, 0, 0xff, 0, 1, 2, 3, 4},
	} {
		for _, flags := range []netlink.HeaderFlags{netlink.Request, netlink.Request | netlink.Acknowledge} {
			_, err := c.Execute(request(data), controller, flags)
			var refused *netlink.OpError
			if errors.As(err, &refused) {
				fmt.Printf("%d bytes: %v, message %q, offset %d\n", len(data), err, refused.Message, refused.Offset)
			} else {
				fmt.Printf("%d bytes: %v\n", len(data), err)
			}
		}
	}
	_, err := c.Execute(genetlink.Message{Header: genetlink.Header{Command: 99}}, controller, netlink.Request|netlink.Acknowledge)
	fmt.Println("no such command:", err)
	_, err = c.Execute(genetlink.Message{Header: genetlink.Header{Command: 1}}, 0x3ff, netlink.Request|netlink.Acknowledge)
	fmt.Println("no such family:", err)
}

// crowd asks from many goroutines at once, on sockets of their own and on one that they share.
func crowd() {
	shared := open()
	defer shared.Close()
	var wait sync.WaitGroup
	right := make(chan bool, 4096)
	ask := func(c *genetlink.Conn) {
		defer wait.Done()
		for n := 0; n < 20; n++ {
			family, err := c.GetFamily("nlctrl")
			list, listed := c.ListFamilies()
			right <- err == nil && listed == nil && family.ID == controller && list[0].Name == "nlctrl"
		}
	}
	for n := 0; n < 16; n++ {
		wait.Add(2)
		c := open()
		defer c.Close()
		go ask(c)
		go ask(shared)
	}
	wait.Wait()
	close(right)
	count := 0
	for is := range right {
		if is {
			count++
		}
	}
	fmt.Println("right answers:", count)
}

// patience waits for what never comes: until a time, and until the socket is closed.
func patience() {
	c := open()
	must("join", c.JoinGroup(controller))
	must("deadline", c.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
	_, _, err := c.Receive()
	fmt.Println("after a while:", errors.Is(err, os.ErrDeadlineExceeded), err)
	must("no deadline", c.SetReadDeadline(time.Time{}))
	must("leave", c.LeaveGroup(controller))
	family, err := c.GetFamily("nlctrl")
	fmt.Println("and then:", family.Name, err)
	ended := make(chan error)
	go func() {
		_, _, err := c.Receive()
		ended <- err
	}()
	time.Sleep(20 * time.Millisecond)
	must("close", c.Close())
	fmt.Println("closed meanwhile:", <-ended)
	_, err = c.GetFamily("nlctrl")
	fmt.Println("closed before:", err)
}

// buffers sets sizes, looks at the descriptor, and filters what comes.
func buffers() {
	c := open()
	defer c.Close()
	fmt.Println("buffers:", c.SetReadBuffer(64<<10), c.SetWriteBuffer(64<<10))
	raw, err := c.SyscallConn()
	must("raw", err)
	must("control", raw.Control(func(fd uintptr) {
		option := func(name int) int {
			value, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, name)
			must("getsockopt", err)
			return value
		}
		name, err := syscall.Getsockname(int(fd))
		must("getsockname", err)
		own := name.(*syscall.SockaddrNetlink)
		fmt.Println("socket:", own.Family, own.Groups, own.Pid != 0,
			option(syscall.SO_RCVBUF), option(syscall.SO_SNDBUF), option(syscall.SO_TYPE), option(38), option(39))
	}))
	// Lets nothing through, then all again.
	nothing, err := bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: 0}})
	must("assemble", err)
	fmt.Println("filter:", c.SetBPF(nothing))
	must("deadline", c.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
	_, err = c.GetFamily("nlctrl")
	fmt.Println("filtered:", errors.Is(err, os.ErrDeadlineExceeded))
	must("no deadline", c.SetReadDeadline(time.Time{}))
	fmt.Println("no filter:", c.RemoveBPF())
	family, err := c.GetFamily("nlctrl")
	fmt.Println("unfiltered:", family.Name, err)
}

func main() {
	families(os.Args[1:])
	refusals()
	crowd()
	patience()
	buffers()
}

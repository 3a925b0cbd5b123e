// Sumdb reads a ledger's checkpoints as what they are to everybody else: signed notes about a
// Merkle tree, with the packages that check Go's own checksum database.
//
//	sumdb VKEYFILE BUNDLE CHECKPOINT...
//
// Each checkpoint must open under the vkey, and be refused once one byte of its text is altered.
// Its root must be that of a tree over the entry ids of the bundle up to its size. The exit status
// is 0 if all of that holds.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 4 {
		log.Fatal("usage: sumdb VKEYFILE BUNDLE CHECKPOINT...")
	}
	vkey := strings.TrimSpace(string(read(os.Args[1])))
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		log.Fatalf("%s: %v", os.Args[1], err)
	}
	leaves := leaves(read(os.Args[2]))
	for _, path := range os.Args[3:] {
		if err := check(read(path), verifier, leaves); err != nil {
			log.Fatalf("%s: %v", path, err)
		}
	}
	fmt.Printf("%d checkpoints opened, %d altered ones refused\n", len(os.Args)-3, len(os.Args)-3)
}

func read(path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	return data
}

// check holds one checkpoint against the key and the tree.
func check(message []byte, verifier note.Verifier, leaves []tlog.Hash) error {
	opened, err := note.Open(message, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	altered := append([]byte(nil), message...)
	altered[bytes.IndexByte(altered, '\n')+1] ^= 1
	if _, err := note.Open(altered, note.VerifierList(verifier)); err == nil {
		return fmt.Errorf("opens although its size was altered")
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 {
		return fmt.Errorf("has %d lines, expected 3", len(lines)-1)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return err
	}
	if size < 1 || size > int64(len(leaves)) {
		return fmt.Errorf("size %d, but the bundle has %d entries", size, len(leaves))
	}
	root, err := treeRoot(leaves[:size])
	if err != nil {
		return err
	}
	if stated := base64.StdEncoding.EncodeToString(root[:]); stated != lines[2] {
		return fmt.Errorf("root %s, but the entries have %s", lines[2], stated)
	}
	return nil
}

// treeRoot lets the package compute the root, from hashes stored the way it asks for.
func treeRoot(leaves []tlog.Hash) (tlog.Hash, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = stored[index]
		}
		return found, nil
	})
	for n, leaf := range leaves {
		hashes, err := tlog.StoredHashesForRecordHash(int64(n), leaf, reader)
		if err != nil {
			return tlog.Hash{}, err
		}
		stored = append(stored, hashes...)
	}
	return tlog.TreeHash(int64(len(leaves)), reader)
}

// leaves reads the entry ids from a bundle: after the first item, every byte string is an entry,
// or, if it has 32 bytes, the id of one.
func leaves(bundle []byte) []tlog.Hash {
	var found []tlog.Hash
	_, rest := item(bundle)
	for len(rest) > 0 && rest[0]>>5 == 2 {
		var entry []byte
		entry, rest = item(rest)
		id := tlog.Hash(sha256.Sum256(append([]byte{0}, entry...)))
		if len(entry) == sha256.Size {
			copy(id[:], entry)
		}
		found = append(found, id)
	}
	return found
}

// item parts the first item from the bytes after it: the content if it is a string. Bundles have
// been verified before they come here, so it knows no malformed ones.
func item(data []byte) (content, rest []byte) {
	major, argument := data[0]>>5, uint64(data[0]&31)
	data = data[1:]
	if argument >= 24 {
		width := 1 << (argument - 24)
		argument = binary.BigEndian.Uint64(append(make([]byte, 8-width), data[:width]...))
		data = data[width:]
	}
	switch major {
	case 2, 3:
		return data[:argument], data[argument:]
	case 5:
		argument *= 2
		fallthrough
	case 4:
		for ; argument > 0; argument-- {
			_, data = item(data)
		}
	}
	return nil, data
}

// Sumdb reads a ledger's checkpoints as what they are to everybody else: signed notes about a
// Merkle tree, with the packages that check Go's own checksum database.
//
//	sumdb GOLDEN
//
// It reads the folder of golden files. Each checkpoint.N must open under the key in ledger.vkey, or
// under the checkpoint key before it, and be refused once its size is altered. Its root must be
// that of a tree over the first N entries of ledger.tally. The last must open under ledger.vkey.
// The exit status is 0 if all of that holds.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// firstSeed makes the first checkpoint key of the golden ledger, as the README beside it says.
const firstSeed = "tally test key checkpoint"

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: sumdb GOLDEN")
	}
	golden := os.Args[1]
	last := verifier(strings.TrimSpace(string(read(filepath.Join(golden, "ledger.vkey")))))
	leaves := leaves(read(filepath.Join(golden, "ledger.tally")))
	paths, err := filepath.Glob(filepath.Join(golden, "checkpoint.*"))
	if err != nil || len(paths) == 0 {
		log.Fatalf("%s: no checkpoints: %v", golden, err)
	}
	for _, path := range paths {
		size, err := strconv.Atoi(strings.TrimPrefix(filepath.Ext(path), "."))
		if err != nil {
			log.Fatalf("%s: %v", path, err)
		}
		keys := []note.Verifier{last}
		if size < len(leaves) {
			keys = append(keys, firstKey(last.Name()))
		}
		if err := check(read(path), size, keys, leaves); err != nil {
			log.Fatalf("%s: %v", path, err)
		}
	}
	fmt.Printf("%d checkpoints opened, %d altered ones refused\n", len(paths), len(paths))
}

func read(path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	return data
}

func verifier(vkey string) note.Verifier {
	found, err := note.NewVerifier(vkey)
	if err != nil {
		log.Fatalf("%s: %v", vkey, err)
	}
	return found
}

// firstKey is the key that the golden ledger replaces.
func firstKey(name string) note.Verifier {
	seed := sha256.Sum256([]byte(firstSeed))
	public := ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
	vkey, err := note.NewEd25519VerifierKey(name, public)
	if err != nil {
		log.Fatal(err)
	}
	return verifier(vkey)
}

// check holds the checkpoint of a size against the keys and the tree.
func check(message []byte, size int, keys []note.Verifier, leaves []tlog.Hash) error {
	known := note.VerifierList(keys...)
	opened, err := note.Open(message, known)
	if err != nil {
		return err
	}
	altered := append([]byte(nil), message...)
	altered[bytes.IndexByte(altered, '\n')+1] ^= 1
	if _, err := note.Open(altered, known); err == nil {
		return errors.New("opens although its size was altered")
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[1] != strconv.Itoa(size) {
		return fmt.Errorf("states %q, expected three lines and the size %d", opened.Text, size)
	}
	if size > len(leaves) {
		return fmt.Errorf("is of size %d, but the bundle has %d entries", size, len(leaves))
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

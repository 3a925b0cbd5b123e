// Proofs checks a published ledger and proofs made of it with the packages that check Go's own
// checksum database, and makes proofs with them.
//
//	proofs FOLDER
//
// The folder holds the published ledger in `published`, its key in ledger.vkey, and proofs: of
// inclusion in N.tlog-proof, of consistency with the tree of size N in N.grown. The checkpoint must
// open under the key; every leaf must be found by way of the published tiles of hashes, and be the
// hash of its published entry; every proof must hold, and none once a byte of it is altered.
//
// Then a log of its own takes in the same entries, and its proofs are written to `foreign`.
package main

import (
	"bytes"
	"crypto/rand"
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

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: proofs FOLDER")
	}
	folder := os.Args[1]
	published := filepath.Join(folder, "published")
	key := verifier(strings.TrimSpace(string(read(filepath.Join(folder, "ledger.vkey")))))
	tree, err := open(read(filepath.Join(published, "checkpoint")), key)
	try(err)
	entries := entries(published, tree.N)
	leaves := tlog.TileHashReader(tree, tiles{published, false})
	for at, entry := range entries {
		found, err := leaves.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(at))})
		try(err)
		if found[0] != tlog.RecordHash(entry) {
			log.Fatalf("entry %d is not the leaf that the tiles hold", at)
		}
	}
	altered := tlog.TileHashReader(tree, tiles{published, true})
	if _, err := altered.ReadHashes([]int64{tlog.StoredHashIndex(0, 0)}); err == nil {
		log.Fatal("a tile is believed although it was altered")
	}
	inclusions := each(folder, "*.tlog-proof", func(text []byte, at int64) error {
		return checkInclusion(text, at, key, entries)
	})
	grown := each(folder, "*.grown", func(text []byte, old int64) error {
		return checkConsistency(text, old, key, leaves)
	})
	issue(filepath.Join(folder, "foreign"), key.Name(), entries)
	fmt.Printf("%d leaves found, %d inclusions and %d consistencies hold, altered ones refused\n",
		len(entries), inclusions, grown)
}

func try(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func read(path string) []byte {
	data, err := os.ReadFile(path)
	try(err)
	return data
}

func verifier(vkey string) note.Verifier {
	found, err := note.NewVerifier(vkey)
	try(err)
	return found
}

// open reads the checkpoint of the log whose key it is.
func open(message []byte, key note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(message, note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != key.Name() {
		return tlog.Tree{}, fmt.Errorf("%q is not a checkpoint of %s", opened.Text, key.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// tiles reads published tiles, the paths of which are Go's without the height (C2SP tlog-tiles).
type tiles struct {
	folder  string
	altered bool
}

func (t tiles) Height() int { return 8 }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		if t.altered {
			data[0] ^= 1
		}
		found = append(found, data)
	}
	return found, nil
}

// entries reads the published bundles of entries: each a length of two bytes and as many bytes.
func entries(folder string, size int64) [][]byte {
	var found [][]byte
	for at := int64(0); at < size; at += 256 {
		tile := tlog.Tile{H: 8, L: -1, N: at / 256, W: 256}
		if size-at < 256 {
			tile.W = int(size - at)
		}
		// Go's tiles of the level -1 hold data; C2SP calls them entries.
		path := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
		data := read(filepath.Join(folder, path))
		for len(data) >= 2 {
			length := int(binary.BigEndian.Uint16(data))
			found = append(found, data[2:2+length])
			data = data[2+length:]
		}
	}
	if int64(len(found)) != size {
		log.Fatalf("%d entries are published, expected %d", len(found), size)
	}
	return found
}

// each hands the files of a pattern and the numbers in their names to a check, and demands that it
// fails once any byte is altered.
func each(folder, pattern string, check func([]byte, int64) error) int {
	paths, err := filepath.Glob(filepath.Join(folder, pattern))
	try(err)
	for _, path := range paths {
		name := filepath.Base(path)
		number, err := strconv.ParseInt(strings.TrimSuffix(name, pattern[1:]), 10, 64)
		try(err)
		text := read(path)
		if err := check(text, number); err != nil {
			log.Fatalf("%s: %v", name, err)
		}
		for at := range text {
			altered := append([]byte(nil), text...)
			altered[at] ^= 4
			if check(altered, number) == nil {
				log.Fatalf("%s holds although byte %d was altered", name, at)
			}
		}
	}
	return len(paths)
}

// proof reads the lines of hashes, and the checkpoint after the empty line.
func proof(text string, key note.Verifier) ([]tlog.Hash, tlog.Tree, error) {
	var hashes []tlog.Hash
	for !strings.HasPrefix(text, "\n") {
		line, rest, found := strings.Cut(text, "\n")
		if !found {
			return nil, tlog.Tree{}, errors.New("no empty line")
		}
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, tlog.Tree{}, err
		}
		hashes, text = append(hashes, hash), rest
	}
	tree, err := open([]byte(text[1:]), key)
	return hashes, tree, err
}

func checkInclusion(text []byte, at int64, key note.Verifier, entries [][]byte) error {
	lines := strings.SplitN(string(text), "\n", 4)
	extra := "extra " + base64.StdEncoding.EncodeToString(entries[at])
	index := fmt.Sprintf("index %d", at)
	if len(lines) < 4 || lines[0] != "c2sp.org/tlog-proof@v1" || lines[1] != extra || lines[2] != index {
		return errors.New("it is no proof of this entry")
	}
	path, tree, err := proof(lines[3], key)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(path, tree.N, tree.Hash, at, tlog.RecordHash(entries[at]))
}

func checkConsistency(text []byte, old int64, key note.Verifier, leaves tlog.HashReader) error {
	first, rest, _ := strings.Cut(string(text), "\n")
	if first != fmt.Sprintf("old %d", old) {
		return fmt.Errorf("%q is not of size %d", first, old)
	}
	path, tree, err := proof(rest, key)
	if err != nil {
		return err
	}
	before, err := tlog.TreeHash(old, leaves)
	if err != nil {
		return err
	}
	return tlog.CheckTree(path, tree.N, tree.Hash, old, before)
}

// issue takes the entries into a log with a key of its own, and writes a proof for each.
func issue(folder, name string, entries [][]byte) {
	secret, vkey, err := note.GenerateKey(rand.Reader, name)
	try(err)
	signer, err := note.NewSigner(secret)
	try(err)
	var stored []tlog.Hash
	hashes := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = stored[index]
		}
		return found, nil
	})
	for at, entry := range entries {
		more, err := tlog.StoredHashes(int64(at), entry, hashes)
		try(err)
		stored = append(stored, more...)
	}
	checkpoint := func(size int64) []byte {
		root, err := tlog.TreeHash(size, hashes)
		try(err)
		text := fmt.Sprintf("%s\n%d\n%s\n", name, size, root)
		message, err := note.Sign(&note.Note{Text: text}, signer)
		try(err)
		return message
	}
	write := func(name string, parts ...[]byte) {
		try(os.WriteFile(filepath.Join(folder, name), bytes.Join(parts, nil), 0o644))
	}
	try(os.Mkdir(folder, 0o755))
	size := int64(len(entries))
	write("ledger.vkey", []byte(vkey+"\n"))
	for at, entry := range entries {
		path, err := tlog.ProveRecord(size, int64(at), hashes)
		try(err)
		extra := base64.StdEncoding.EncodeToString(entry)
		head := fmt.Sprintf("c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n", extra, at)
		write(fmt.Sprintf("%d.tlog-proof", at), []byte(head), lines(path), checkpoint(size))
	}
	old := size / 2
	path, err := tlog.ProveTree(size, old, hashes)
	try(err)
	write("before", checkpoint(old))
	write("grown", []byte(fmt.Sprintf("old %d\n", old)), lines(path), checkpoint(size))
}

// lines writes hashes, each with its newline, and the empty line after them.
func lines(hashes []tlog.Hash) []byte {
	var text strings.Builder
	for _, hash := range hashes {
		fmt.Fprintln(&text, hash)
	}
	text.WriteString("\n")
	return []byte(text.String())
}

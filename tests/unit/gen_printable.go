// Writes the table of lib/base/printable.cpp: the ranges of characters that strconv.IsPrint
// accepts. Run it with the Go version that restic is built with:
//
//	go run tests/unit/gen_printable.go > lib/base/printable.cpp
package main

import (
	"fmt"
	"strconv"
	"unicode"
)

const head = `// Made by tests/unit/gen_printable.go from Unicode %s; do not edit.
#include "base/printable.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace sapdr::core {

namespace {

struct Range {
  uint32_t first;
  uint32_t last;
};

// clang-format off
constexpr Range printable[] = {
`

const tail = `};
// clang-format on

}  // namespace

bool is_printable(char32_t rune) noexcept {
  if (rune < 0x7f) return rune >= 0x20;
  const auto* range =
      std::lower_bound(std::begin(printable), std::end(printable), rune,
                       [](const Range& r, char32_t value) { return r.last < value; });
  return range != std::end(printable) && range->first <= rune;
}

}  // namespace sapdr::core
`

func main() {
	fmt.Printf(head, unicode.Version)
	column := 0
	for first := rune(0); first <= unicode.MaxRune; first++ {
		if !strconv.IsPrint(first) {
			continue
		}
		last := first
		for last < unicode.MaxRune && strconv.IsPrint(last+1) {
			last++
		}
		item := fmt.Sprintf("{0x%x, 0x%x},", first, last)
		switch {
		case column == 0:
			fmt.Print("  ", item)
			column = 2 + len(item)
		case column+1+len(item) > 100:
			fmt.Print("\n  ", item)
			column = 2 + len(item)
		default:
			fmt.Print(" ", item)
			column += 1 + len(item)
		}
		first = last
	}
	fmt.Print("\n", tail)
}

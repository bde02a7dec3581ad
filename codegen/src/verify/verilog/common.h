// What the programs that drive a design share: events from one file, results
// to another, both as little-endian 64-bit integers.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <vector>

#include "verilated.h"

// The core and its ports, written for it.
#include "shape.h"

double sc_time_stamp() { return 0; }

static uint64_t state = 0x9e3779b97f4a7c15u;
static uint64_t draw() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static std::vector<int64_t> read_words(const char* path) {
    std::vector<int64_t> words;
    FILE* file = std::fopen(path, "rb");
    if (!file) std::exit(2);
    int64_t word;
    while (std::fread(&word, sizeof word, 1, file) == 1) words.push_back(word);
    std::fclose(file);
    return words;
}

// The bits of one bus, the first element lowest.
struct Bits {
    std::vector<uint32_t> words;
    explicit Bits(int width) : words(width / 32 + 3, 0) {}
    void put(int at, int width, uint64_t value) {
        for (int bit = 0; bit < width; ++bit)
            words[(at + bit) / 32] |= uint32_t(value >> bit & 1) << ((at + bit) % 32);
    }
    int64_t get(int at, int width, bool is_signed) const {
        uint64_t value = 0;
        for (int bit = 0; bit < width; ++bit)
            value |= uint64_t(words[(at + bit) / 32] >> ((at + bit) % 32) & 1) << bit;
        if (is_signed && width > 0 && width < 64 && (value >> (width - 1) & 1))
            value |= ~uint64_t(0) << width;
        return int64_t(value);
    }
};

template <typename T>
static void drive(T& port, const Bits& bits) {
    port = T(uint64_t(bits.words[0]) | uint64_t(bits.words[1]) << 32);
}
template <std::size_t N>
static void drive(VlWide<N>& port, const Bits& bits) {
    for (std::size_t i = 0; i < N; ++i) port[i] = bits.words[i];
}
template <typename T>
static void sample(const T& port, Bits& bits) {
    bits.words[0] = uint32_t(uint64_t(port));
    bits.words[1] = uint32_t(uint64_t(port) >> 32);
}
template <std::size_t N>
static void sample(const VlWide<N>& port, Bits& bits) {
    for (std::size_t i = 0; i < N; ++i) bits.words[i] = port[i];
}

// Elements, each with its bits and whether it is signed, as words.
static void pack(Bits& bits, const int (*elements)[2], int count, const int64_t* words) {
    for (int i = 0, at = 0; i < count; at += elements[i][0], ++i)
        bits.put(at, elements[i][0], uint64_t(words[i]));
}
static void unpack(const Bits& bits, const int (*elements)[2], int count, int64_t* words) {
    for (int i = 0, at = 0; i < count; at += elements[i][0], ++i)
        words[i] = bits.get(at, elements[i][0], elements[i][1] != 0);
}
#ifndef LITE
static void set_inputs(Core& core, const int64_t* words) {
    SET_INPUTS(core, words)
}
static void get_outputs(const Core& core, int64_t* words) {
    GET_OUTPUTS(core, words)
}
#endif

// Brings values into ap_fixed types, and writes the mantissas that result.
//
// Every function reads 64-bit words from standard input into `in`, or takes
// those read last, and writes one 64-bit word per value to standard output.
#include <ap_fixed.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

typedef std::vector<int64_t> Words;

static Words in;

static void read_words(size_t count) {
    in.resize(count);
    if (std::fread(in.data(), sizeof(int64_t), count, stdin) != count) {
        std::fprintf(stderr, "standard input ends too early\n");
        std::exit(1);
    }
}

static void write_words(const Words &words) {
    if (std::fwrite(words.data(), sizeof(int64_t), words.size(), stdout) != words.size()) {
        std::fprintf(stderr, "cannot write to standard output\n");
        std::exit(1);
    }
}

template <int W, int I, bool S, ap_q_mode Q = AP_TRN, ap_o_mode O = AP_WRAP>
struct Fix {
    typedef ap_fixed<W, I, Q, O> type;
};

template <int W, int I, ap_q_mode Q, ap_o_mode O>
struct Fix<W, I, false, Q, O> {
    typedef ap_ufixed<W, I, Q, O> type;
};

// A value by its mantissa, which is what a number of ap_fixed holds as V.
template <class T>
T from_mantissa(int64_t m) {
    T value;
    value.V = m;
    return value;
}

template <class T>
int64_t to_mantissa(const T &value) {
    return (int64_t)value.V.get_VAL();
}

// The words as mantissas of <W, I>, assigned to <W2, I2> with these modes.
template <int W, int I, bool S, int W2, int I2, bool S2, ap_q_mode Q, ap_o_mode O>
void cast() {
    Words out;
    out.reserve(in.size());
    for (int64_t m : in) {
        typename Fix<W2, I2, S2, Q, O>::type to = from_mantissa<typename Fix<W, I, S>::type>(m);
        out.push_back(to_mantissa(to));
    }
    write_words(out);
}

// The words as the bits of doubles, assigned to <W, I> with these modes.
template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O>
void real() {
    Words out;
    out.reserve(in.size());
    for (int64_t word : in) {
        double value;
        std::memcpy(&value, &word, sizeof value);
        typename Fix<W, I, S, Q, O>::type to = value;
        out.push_back(to_mantissa(to));
    }
    write_words(out);
}

// Writes the fractional bits of a result's type, and every mantissa.
template <class F>
void pairs(F apply) {
    const size_t n = in.size() / 2;
    Words out;
    out.reserve(n + 1);
    out.push_back(apply(0, 0).width - apply(0, 0).iwidth);
    for (size_t at = 0; at < n; at++) {
        out.push_back(to_mantissa(apply(in[at], in[n + at])));
    }
    write_words(out);
}

// The first half of the words as mantissas of <W, I>, the second of <W2, I2>:
// their sums, differences and products.
template <int W, int I, bool S, int W2, int I2, bool S2>
void exact() {
    typedef typename Fix<W, I, S>::type A;
    typedef typename Fix<W2, I2, S2>::type B;
    pairs([](int64_t a, int64_t b) { return from_mantissa<A>(a) + from_mantissa<B>(b); });
    pairs([](int64_t a, int64_t b) { return from_mantissa<A>(a) - from_mantissa<B>(b); });
    pairs([](int64_t a, int64_t b) { return from_mantissa<A>(a) * from_mantissa<B>(b); });
}

// Layers that make each element of their result of one element of each operand.
//
// CONFIG_T::a(i) and CONFIG_T::b(i) are the positions of the operands of element
// i (operands broadcast), CONFIG_T::a_shift(i) and CONFIG_T::b_shift(i) the
// fractional bits that each lacks. CONFIG_T::wide_t holds both after that.
#ifndef TRIGFORGE_ELEMENTWISE_H_
#define TRIGFORGE_ELEMENTWISE_H_

#include "common.h"

namespace trigforge {

template <class CONFIG_T, class data_T>
typename CONFIG_T::wide_t aligned(const data_T &value, int shift) {
    #pragma HLS INLINE
    return typename CONFIG_T::wide_t(typename CONFIG_T::wide_t(value) << shift);
}

struct sum {
    template <class T>
    static T apply(const T &a, const T &b) {
        return T(a + b);
    }
};

struct difference {
    template <class T>
    static T apply(const T &a, const T &b) {
        return T(a - b);
    }
};

struct smaller {
    template <class T>
    static T apply(const T &a, const T &b) {
        return b < a ? b : a;
    }
};

struct larger {
    template <class T>
    static T apply(const T &a, const T &b) {
        return a < b ? b : a;
    }
};

struct is_less {
    template <class T>
    static ap_uint<1> apply(const T &a, const T &b) {
        return ap_uint<1>(a < b);
    }
};

struct is_less_or_equal {
    template <class T>
    static ap_uint<1> apply(const T &a, const T &b) {
        return ap_uint<1>(a <= b);
    }
};

struct is_equal {
    template <class T>
    static ap_uint<1> apply(const T &a, const T &b) {
        return ap_uint<1>(a == b);
    }
};

// Two operands with common fractional bits, combined by OP.
template <class OP, class a_T, class b_T, class res_T, class CONFIG_T>
void merge(a_T a[CONFIG_T::n_a], b_T b[CONFIG_T::n_b], res_T res[CONFIG_T::n_out]) {
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        const typename CONFIG_T::wide_t first = aligned<CONFIG_T>(a[CONFIG_T::a(i)], CONFIG_T::a_shift(i));
        const typename CONFIG_T::wide_t second = aligned<CONFIG_T>(b[CONFIG_T::b(i)], CONFIG_T::b_shift(i));
        res[i] = res_T(OP::apply(first, second));
    }
}

// The product of two operands.
template <class a_T, class b_T, class res_T, class CONFIG_T>
void multiply(a_T a[CONFIG_T::n_a], b_T b[CONFIG_T::n_b], res_T res[CONFIG_T::n_out]) {
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        const typename CONFIG_T::wide_t first = a[CONFIG_T::a(i)];
        const typename CONFIG_T::wide_t second = b[CONFIG_T::b(i)];
        res[i] = res_T(first * second);
    }
}

// a where the condition is not zero, else b.
template <class c_T, class a_T, class b_T, class res_T, class CONFIG_T>
void select(c_T c[CONFIG_T::n_c], a_T a[CONFIG_T::n_a], b_T b[CONFIG_T::n_b], res_T res[CONFIG_T::n_out]) {
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        const typename CONFIG_T::wide_t first = aligned<CONFIG_T>(a[CONFIG_T::a(i)], CONFIG_T::a_shift(i));
        const typename CONFIG_T::wide_t second = aligned<CONFIG_T>(b[CONFIG_T::b(i)], CONFIG_T::b_shift(i));
        res[i] = c[CONFIG_T::c(i)] != 0 ? res_T(first) : res_T(second);
    }
}

template <class data_T, class res_T, class CONFIG_T>
void relu(data_T data[CONFIG_T::n_out], res_T res[CONFIG_T::n_out]) {
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        res[i] = data[i] > 0 ? res_T(data[i]) : res_T(0);
    }
}

template <class data_T, class res_T, class CONFIG_T>
void absolute(data_T data[CONFIG_T::n_out], res_T res[CONFIG_T::n_out]) {
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        res[i] = data[i] < 0 ? res_T(-data[i]) : res_T(data[i]);
    }
}

template <class data_T, class res_T, class CONFIG_T>
void sign(data_T data[CONFIG_T::n_out], res_T res[CONFIG_T::n_out]) {
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        res[i] = data[i] < 0 ? res_T(-1) : res_T(data[i] > 0);
    }
}

template <class data_T, class res_T, class CONFIG_T>
void square(data_T data[CONFIG_T::n_out], res_T res[CONFIG_T::n_out]) {
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        res[i] = res_T(data[i] * data[i]);
    }
}

// A function by its values, the first that of the mantissa CONFIG_T::first.
template <class data_T, class entry_T, class res_T, class CONFIG_T>
void table(data_T data[CONFIG_T::n_out], const entry_T entries[CONFIG_T::n_entries], res_T res[CONFIG_T::n_out]) {
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        const unsigned at = unsigned(data[i] - CONFIG_T::first);
        res[i] = res_T(entries[at]);
    }
}

// Elements with more fractional bits, so that all that meet have as many.
template <class data_T, class res_T, class CONFIG_T>
void align(data_T data[CONFIG_T::n_out], res_T res[CONFIG_T::n_out]) {
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        res[i] = res_T(res_T(data[i]) << CONFIG_T::shift(i));
    }
}

// The low bits of an input, as a port of each element's width takes them: a
// mask of its bits, and its sign bit if it has one.
template <class data_T, class res_T, class CONFIG_T>
void port(data_T data[CONFIG_T::n_out], res_T res[CONFIG_T::n_out]) {
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        typedef typename CONFIG_T::wide_t wide_t;
        const wide_t sign = CONFIG_T::sign(i);
        const wide_t low = wide_t(wide_t(data[i]) & wide_t(CONFIG_T::mask(i)));
        res[i] = res_T(wide_t(low ^ sign) - sign);
    }
}

} // namespace trigforge

#endif

// What all layers share: types of constants, copies, and streams.
//
// Every value is an integer, the mantissa m of a fixed-point number m * 2^-f;
// where the point stands is written beside each type in defines.h. Sums are
// exact, so they are formed modulo 2^width of a type that holds the result.
#ifndef TRIGFORGE_COMMON_H_
#define TRIGFORGE_COMMON_H_

#include <ap_fixed.h>
#include <ap_int.h>
#include <hls_stream.h>

namespace trigforge {

// An integer constant of W bits, signed: exactly as wide where hardware is made
// of it, and what a processor initialises without code where it is compiled.
#ifdef __SYNTHESIS__
template <int W>
using constant = ap_int<W>;
#else
template <int BYTES>
struct native {
    typedef long long type;
};
template <>
struct native<1> {
    typedef signed char type;
};
template <>
struct native<2> {
    typedef short type;
};
template <>
struct native<3> {
    typedef int type;
};
template <>
struct native<4> {
    typedef int type;
};
template <int W>
using constant = typename native<(W + 7) / 8>::type;
#endif

// Several elements that pass through a stream together.
template <class T, unsigned N>
struct packet {
    T data[N];
};

// The same elements in another array.
template <class data_T, class res_T, unsigned N>
void copy(data_T data[N], res_T res[N]) {
    for (unsigned i = 0; i < N; i++) {
        #pragma HLS UNROLL
        res[i] = data[i];
    }
}

// Two copies, since a process of a dataflow reads an array that no other reads.
template <class data_T, unsigned N>
void clone(data_T data[N], data_T first[N], data_T second[N]) {
    for (unsigned i = 0; i < N; i++) {
        #pragma HLS UNROLL
        first[i] = data[i];
        second[i] = data[i];
    }
}

// All packets of an event.
template <class data_T, unsigned N, unsigned PACKETS>
void read_stream(hls::stream<packet<data_T, N> > &stream, data_T res[N * PACKETS]) {
    for (unsigned p = 0; p < PACKETS; p++) {
        #pragma HLS PIPELINE II=1
        const packet<data_T, N> received = stream.read();
        for (unsigned i = 0; i < N; i++) {
            #pragma HLS UNROLL
            res[p * N + i] = received.data[i];
        }
    }
}

template <class data_T, unsigned N, unsigned PACKETS>
void write_stream(data_T data[N * PACKETS], hls::stream<packet<data_T, N> > &stream) {
    for (unsigned p = 0; p < PACKETS; p++) {
        #pragma HLS PIPELINE II=1
        packet<data_T, N> sent;
        for (unsigned i = 0; i < N; i++) {
            #pragma HLS UNROLL
            sent.data[i] = data[p * N + i];
        }
        stream.write(sent);
    }
}

} // namespace trigforge

#endif

// Layers that make one element of several: along an axis, in a window.
//
// Element i lies at (outer, k, inner), k counting along the axis;
// CONFIG_T::shift(i) are the fractional bits that it lacks, CONFIG_T::wide_t
// holds each after that.
#ifndef TRIGFORGE_REDUCTIONS_H_
#define TRIGFORGE_REDUCTIONS_H_

#include "elementwise.h"

namespace trigforge {

template <class OP, class data_T, class res_T, class CONFIG_T>
void reduce(data_T data[CONFIG_T::n_outer * CONFIG_T::n_axis * CONFIG_T::n_inner],
            res_T res[CONFIG_T::n_outer * CONFIG_T::n_inner]) {
    for (unsigned i = 0; i < CONFIG_T::n_outer * CONFIG_T::n_inner; i++) {
        #pragma HLS UNROLL
        const unsigned first = i / CONFIG_T::n_inner * CONFIG_T::n_axis * CONFIG_T::n_inner + i % CONFIG_T::n_inner;
        typename CONFIG_T::wide_t all = aligned<CONFIG_T>(data[first], CONFIG_T::shift(first));
        for (unsigned k = 1; k < CONFIG_T::n_axis; k++) {
            #pragma HLS UNROLL
            const unsigned at = first + k * CONFIG_T::n_inner;
            all = OP::apply(all, aligned<CONFIG_T>(data[at], CONFIG_T::shift(at)));
        }
        res[i] = res_T(all);
    }
}

// The position of the largest element, or of the smallest: the first of those
// that are equal, or the last.
template <class data_T, class res_T, class CONFIG_T>
void arg(data_T data[CONFIG_T::n_outer * CONFIG_T::n_axis * CONFIG_T::n_inner],
         res_T res[CONFIG_T::n_outer * CONFIG_T::n_inner]) {
    for (unsigned i = 0; i < CONFIG_T::n_outer * CONFIG_T::n_inner; i++) {
        #pragma HLS UNROLL
        const unsigned first = i / CONFIG_T::n_inner * CONFIG_T::n_axis * CONFIG_T::n_inner + i % CONFIG_T::n_inner;
        typename CONFIG_T::wide_t best = aligned<CONFIG_T>(data[first], CONFIG_T::shift(first));
        res_T position = 0;
        for (unsigned k = 1; k < CONFIG_T::n_axis; k++) {
            #pragma HLS UNROLL
            const unsigned at = first + k * CONFIG_T::n_inner;
            const typename CONFIG_T::wide_t value = aligned<CONFIG_T>(data[at], CONFIG_T::shift(at));
            const bool better = CONFIG_T::largest ? value > best : value < best;
            if (better || (CONFIG_T::last && value == best)) {
                best = value;
                position = res_T(k);
            }
        }
        res[i] = position;
    }
}

// Windows over each channel; the sum of padding is 0, and it is never largest.
template <class OP, class data_T, class res_T, class CONFIG_T>
void pool(data_T data[CONFIG_T::n_channels * CONFIG_T::in_height * CONFIG_T::in_width],
          res_T res[CONFIG_T::n_channels * CONFIG_T::out_height * CONFIG_T::out_width]) {
    for (unsigned c = 0; c < CONFIG_T::n_channels; c++) {
        for (unsigned p = 0; p < CONFIG_T::out_height * CONFIG_T::out_width; p++) {
            const int top = int(p) / CONFIG_T::out_width * CONFIG_T::stride_height - CONFIG_T::before_height;
            const int left = int(p) % CONFIG_T::out_width * CONFIG_T::stride_width - CONFIG_T::before_width;
            typename CONFIG_T::wide_t all = 0;
            bool empty = true;
            for (int tap = 0; tap < CONFIG_T::taps_height * CONFIG_T::taps_width; tap++) {
                #pragma HLS UNROLL
                const int y = top + tap / CONFIG_T::taps_width * CONFIG_T::dilation_height;
                const int x = left + tap % CONFIG_T::taps_width * CONFIG_T::dilation_width;
                if (y >= 0 && y < CONFIG_T::in_height && x >= 0 && x < CONFIG_T::in_width) {
                    const unsigned at = (c * CONFIG_T::in_height + y) * CONFIG_T::in_width + x;
                    const typename CONFIG_T::wide_t value = aligned<CONFIG_T>(data[at], CONFIG_T::shift(at));
                    all = empty ? value : OP::apply(all, value);
                    empty = false;
                }
            }
            res[c * CONFIG_T::out_height * CONFIG_T::out_width + p] = res_T(all);
        }
    }
}

} // namespace trigforge

#endif

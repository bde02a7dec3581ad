// The one layer that loses bits: first rounding, then overflow, as ap_fixed
// defines them.
//
// CONFIG_T::shift(i) fractional bits are appended to element i, so that of all
// elements the same number, CONFIG_T::drop, is rounded away.
#ifndef TRIGFORGE_REQUANTIZE_H_
#define TRIGFORGE_REQUANTIZE_H_

#include "common.h"

namespace trigforge {

// The value with its last bits behind the point.
template <class CONFIG_T, class data_T>
ap_fixed<CONFIG_T::bits, CONFIG_T::bits - CONFIG_T::drop> exact(const data_T &value, int shift) {
    #pragma HLS INLINE
    const ap_int<CONFIG_T::bits> aligned = ap_int<CONFIG_T::bits>(ap_int<CONFIG_T::bits>(value) << shift);
    ap_fixed<CONFIG_T::bits, CONFIG_T::bits - CONFIG_T::drop> point;
    point.V = aligned.V;
    return point;
}

// All results have one width: CONFIG_T::quant_t is an ap_fixed of that width
// with the modes of the model.
template <class data_T, class res_T, class CONFIG_T>
void requantize(data_T data[CONFIG_T::n_out], res_T res[CONFIG_T::n_out]) {
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        const typename CONFIG_T::quant_t rounded = exact<CONFIG_T>(data[i], CONFIG_T::shift(i));
        res[i] = res_T(rounded);
    }
}

// The nearest of the values from low to high.
struct saturate {
    template <class CONFIG_T, class T>
    static T apply(const T &value, unsigned i) {
        const T low = CONFIG_T::low(i);
        const T high = CONFIG_T::high(i);
        return value < low ? low : value > high ? high : value;
    }
};

// Zero instead of what lies outside.
struct zero_outside {
    template <class CONFIG_T, class T>
    static T apply(const T &value, unsigned i) {
        const T low = CONFIG_T::low(i);
        const T high = CONFIG_T::high(i);
        return value < low || value > high ? T(0) : value;
    }
};

// The bits of the mask, and the sign bit continued if there is one.
struct wrap {
    template <class CONFIG_T, class T>
    static T apply(const T &value, unsigned i) {
        const T sign = CONFIG_T::sign(i);
        const T low = T(value & T(CONFIG_T::mask(i)));
        return T(T(low ^ sign) - sign);
    }
};

// Results of different widths: CONFIG_T::rounded_t holds every rounded value,
// CONFIG_T::overflow brings it into the format of its element.
template <class data_T, class res_T, class CONFIG_T>
void requantize_each(data_T data[CONFIG_T::n_out], res_T res[CONFIG_T::n_out]) {
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        const typename CONFIG_T::quant_t point = exact<CONFIG_T>(data[i], CONFIG_T::shift(i));
        const typename CONFIG_T::rounded_t rounded = typename CONFIG_T::rounded_t(point);
        res[i] = res_T(CONFIG_T::overflow::template apply<CONFIG_T>(rounded, i));
    }
}

} // namespace trigforge

#endif

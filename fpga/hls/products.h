// Layers of multiply-accumulates: dense, convolution, product of two values.
//
// Weights are shifted so that all products of a sum have the same fractional
// bits. CONFIG_T::reuse_factor multiply-accumulates share a multiplier: a sum
// takes row_steps * column_steps steps, in each of which a block of rows
// (elements) by columns (sums) is multiplied.
#ifndef TRIGFORGE_PRODUCTS_H_
#define TRIGFORGE_PRODUCTS_H_

#include "common.h"

namespace trigforge {

// The sums at one place, step by step: LOAD::at gives element i of the place,
// whose weights start at first_weight.
template <class CONFIG_T, class LOAD, class data_T, class weight_T>
void accumulate(data_T data[], const typename LOAD::place_t &place, weight_T weights[], unsigned first_weight,
                typename CONFIG_T::accum_t sums[]) {
    #pragma HLS INLINE
    const unsigned rows = (CONFIG_T::n_in + CONFIG_T::row_steps - 1) / CONFIG_T::row_steps;
    const unsigned columns = (CONFIG_T::n_columns + CONFIG_T::column_steps - 1) / CONFIG_T::column_steps;
    for (unsigned step = 0; step < CONFIG_T::row_steps * CONFIG_T::column_steps; step++) {
        #pragma HLS PIPELINE II=1
        const unsigned row_step = step / CONFIG_T::column_steps;
        const unsigned column_step = step % CONFIG_T::column_steps;
        for (unsigned r = 0; r < rows; r++) {
            #pragma HLS UNROLL
            const unsigned i = row_step * rows + r;
            if (i < CONFIG_T::n_in) {
                const data_T element = LOAD::at(data, place, i);
                for (unsigned c = 0; c < columns; c++) {
                    #pragma HLS UNROLL
                    const unsigned j = column_step * columns + c;
                    if (j < CONFIG_T::n_columns) {
                        const weight_T weight = weights[first_weight + i * CONFIG_T::n_columns + j];
                        sums[j] += typename CONFIG_T::accum_t(element * weight);
                    }
                }
            }
        }
    }
}

// Elements in a row, from a position on.
struct row {
    typedef unsigned place_t;
    template <class data_T>
    static data_T at(data_T data[], const place_t &first, unsigned i) {
        return data[first + i];
    }
};

// res[p, j] = sum over i of data[p, i] * weights[i, j] + biases[j].
template <class data_T, class weight_T, class bias_T, class res_T, class CONFIG_T>
void dense(data_T data[CONFIG_T::n_positions * CONFIG_T::n_in],
           const weight_T weights[CONFIG_T::n_in * CONFIG_T::n_columns], const bias_T biases[CONFIG_T::n_columns],
           res_T res[CONFIG_T::n_positions * CONFIG_T::n_columns]) {
    for (unsigned p = 0; p < CONFIG_T::n_positions; p++) {
        typename CONFIG_T::accum_t sums[CONFIG_T::n_columns];
        #pragma HLS ARRAY_PARTITION variable=sums complete
        for (unsigned j = 0; j < CONFIG_T::n_columns; j++) {
            #pragma HLS UNROLL
            sums[j] = biases[j];
        }
        accumulate<CONFIG_T, row>(data, p * CONFIG_T::n_in, weights, 0, sums);
        for (unsigned j = 0; j < CONFIG_T::n_columns; j++) {
            #pragma HLS UNROLL
            res[p * CONFIG_T::n_columns + j] = res_T(sums[j]);
        }
    }
}

// The elements that one window of a group's channels reads: 0 in the padding.
template <class CONFIG_T>
struct window {
    struct place_t {
        unsigned first;
        int top;
        int left;
    };
    template <class data_T>
    static data_T at(data_T data[], const place_t &place, unsigned i) {
        const int channel = int(i) / (CONFIG_T::taps_height * CONFIG_T::taps_width);
        const int tap = int(i) % (CONFIG_T::taps_height * CONFIG_T::taps_width);
        const int y = place.top + tap / CONFIG_T::taps_width * CONFIG_T::dilation_height;
        const int x = place.left + tap % CONFIG_T::taps_width * CONFIG_T::dilation_width;
        const bool inside = y >= 0 && y < CONFIG_T::in_height && x >= 0 && x < CONFIG_T::in_width;
        const unsigned offset = inside ? (channel * CONFIG_T::in_height + y) * CONFIG_T::in_width + x : 0;
        return inside ? data[place.first + offset] : data_T(0);
    }
};

// res[n, j, o]: the window at position o over the channels of the group of j,
// times the weights [group, channel and tap, output of the group].
template <class data_T, class weight_T, class bias_T, class res_T, class CONFIG_T>
void conv(data_T data[CONFIG_T::n_data],
          const weight_T weights[CONFIG_T::n_groups * CONFIG_T::n_in * CONFIG_T::n_columns],
          const bias_T biases[CONFIG_T::n_groups * CONFIG_T::n_columns], res_T res[CONFIG_T::n_out]) {
    const unsigned positions = CONFIG_T::out_height * CONFIG_T::out_width;
    const unsigned group_size = CONFIG_T::group_channels * CONFIG_T::in_height * CONFIG_T::in_width;
    for (unsigned g = 0; g < CONFIG_T::n_images * CONFIG_T::n_groups; g++) {
        for (unsigned p = 0; p < positions; p++) {
            const unsigned group = g % CONFIG_T::n_groups;
            typename CONFIG_T::accum_t sums[CONFIG_T::n_columns];
            #pragma HLS ARRAY_PARTITION variable=sums complete
            for (unsigned j = 0; j < CONFIG_T::n_columns; j++) {
                #pragma HLS UNROLL
                sums[j] = biases[group * CONFIG_T::n_columns + j];
            }
            typename window<CONFIG_T>::place_t place;
            place.first = g * group_size;
            place.top = int(p) / CONFIG_T::out_width * CONFIG_T::stride_height - CONFIG_T::before_height;
            place.left = int(p) % CONFIG_T::out_width * CONFIG_T::stride_width - CONFIG_T::before_width;
            accumulate<CONFIG_T, window<CONFIG_T> >(data, place, weights, group * CONFIG_T::n_in * CONFIG_T::n_columns,
                                                    sums);
            for (unsigned j = 0; j < CONFIG_T::n_columns; j++) {
                #pragma HLS UNROLL
                res[(g * CONFIG_T::n_columns + j) * positions + p] = res_T(sums[j]);
            }
        }
    }
}

// Products of matrices [rows, n_in] and [n_in, n_columns], pair by pair.
template <class a_T, class b_T, class res_T, class CONFIG_T>
void matmul(a_T a[CONFIG_T::n_a], b_T b[CONFIG_T::n_b], res_T res[CONFIG_T::n_out]) {
    for (unsigned p = 0; p < CONFIG_T::n_pairs; p++) {
        for (unsigned i = 0; i < CONFIG_T::n_rows; i++) {
            typename CONFIG_T::accum_t sums[CONFIG_T::n_columns];
            #pragma HLS ARRAY_PARTITION variable=sums complete
            for (unsigned j = 0; j < CONFIG_T::n_columns; j++) {
                #pragma HLS UNROLL
                sums[j] = 0;
            }
            accumulate<CONFIG_T, row>(a, (CONFIG_T::a(p) * CONFIG_T::n_rows + i) * CONFIG_T::n_in, b,
                                      CONFIG_T::b(p) * CONFIG_T::n_in * CONFIG_T::n_columns, sums);
            for (unsigned j = 0; j < CONFIG_T::n_columns; j++) {
                #pragma HLS UNROLL
                res[(p * CONFIG_T::n_rows + i) * CONFIG_T::n_columns + j] = res_T(sums[j]);
            }
        }
    }
}

} // namespace trigforge

#endif

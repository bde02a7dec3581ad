// Layers that move elements and compute nothing.
#ifndef TRIGFORGE_MOVEMENT_H_
#define TRIGFORGE_MOVEMENT_H_

#include "common.h"

namespace trigforge {

// Element i of the result is element CONFIG_T::from(i): slices, transposed
// tensors, gathered and repeated elements.
template <class data_T, class res_T, class CONFIG_T>
void move(data_T data[CONFIG_T::n_in], res_T res[CONFIG_T::n_out]) {
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        res[i] = data[CONFIG_T::from(i)];
    }
}

// Rows of each operand, one operand after the other, from element FIRST of each
// row of the result on.
template <class CONFIG_T, unsigned FIRST, class res_T>
void place(res_T *) {}

template <class CONFIG_T, unsigned FIRST, class res_T, class data_T, unsigned N, class... MORE>
void place(res_T res[CONFIG_T::n_out], data_T (&data)[N], MORE &...more) {
    #pragma HLS INLINE
    const unsigned row = N / CONFIG_T::n_outer;
    const unsigned stride = CONFIG_T::n_out / CONFIG_T::n_outer;
    for (unsigned i = 0; i < N; i++) {
        #pragma HLS UNROLL
        res[i / row * stride + FIRST + i % row] = data[i];
    }
    place<CONFIG_T, FIRST + N / CONFIG_T::n_outer>(res, more...);
}

// All operands side by side: CONFIG_T::n_outer rows of each.
template <class res_T, class CONFIG_T, class... data_T>
void concatenate(res_T res[CONFIG_T::n_out], data_T &...data) {
    place<CONFIG_T, 0>(res, data...);
}

// The data inside of a frame of constants: element i of the result is element
// CONFIG_T::from(i), or of the frame where that is n_in.
template <class data_T, class res_T, class CONFIG_T>
void pad(data_T data[CONFIG_T::n_in], res_T res[CONFIG_T::n_out]) {
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        const unsigned from = CONFIG_T::from(i);
        res[i] = from < CONFIG_T::n_in ? res_T(data[from]) : res_T(CONFIG_T::frame(i));
    }
}

// One row for each index.
template <class index_T, class row_T, class res_T, class CONFIG_T>
void lookup(index_T index[CONFIG_T::n_in], row_T rows[CONFIG_T::n_rows * CONFIG_T::n_columns],
            res_T res[CONFIG_T::n_in * CONFIG_T::n_columns]) {
    for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
        #pragma HLS UNROLL
        const unsigned first = unsigned(index[i]) * CONFIG_T::n_columns;
        for (unsigned j = 0; j < CONFIG_T::n_columns; j++) {
            #pragma HLS UNROLL
            res[i * CONFIG_T::n_columns + j] = res_T(rows[first + j]);
        }
    }
}

} // namespace trigforge

#endif

// Layers that choose: elements in the order of keys, tree ensembles.
#ifndef TRIGFORGE_CHOICES_H_
#define TRIGFORGE_CHOICES_H_

#include "common.h"

namespace trigforge {

// The elements whose keys come first, by a sorting network: pairs of positions,
// the larger key to the first of each. A key is made unique by its position,
// counted backwards below its last bit.
template <class key_T, class data_T, class pair_T, class res_T, class CONFIG_T>
void top_k(key_T key[CONFIG_T::n_keys], data_T data[CONFIG_T::n_in], const pair_T network[],
           res_T res[CONFIG_T::n_out]) {
    unsigned order[CONFIG_T::key_lanes * CONFIG_T::k];
    #pragma HLS ARRAY_PARTITION variable=order complete
    for (unsigned lane = 0; lane < CONFIG_T::key_lanes; lane++) {
        typename CONFIG_T::unique_t keys[CONFIG_T::length];
        unsigned positions[CONFIG_T::length];
        #pragma HLS ARRAY_PARTITION variable=keys complete
        #pragma HLS ARRAY_PARTITION variable=positions complete
        for (unsigned p = 0; p < CONFIG_T::length; p++) {
            #pragma HLS UNROLL
            const unsigned at =
                (lane / CONFIG_T::key_inner * CONFIG_T::length + p) * CONFIG_T::key_inner + lane % CONFIG_T::key_inner;
            typename CONFIG_T::unique_t value = key[at];
            if (!CONFIG_T::largest) {
                value = -value - 1;
            }
            keys[p] = typename CONFIG_T::unique_t(value << CONFIG_T::position_bits) + (CONFIG_T::length - 1 - p);
            positions[p] = p;
        }
        for (unsigned n = 0; n != CONFIG_T::comparators; n++) {
            #pragma HLS UNROLL
            const unsigned first = network[2 * n];
            const unsigned second = network[2 * n + 1];
            if (keys[first] < keys[second]) {
                const typename CONFIG_T::unique_t larger_key = keys[second];
                const unsigned larger_position = positions[second];
                keys[second] = keys[first];
                positions[second] = positions[first];
                keys[first] = larger_key;
                positions[first] = larger_position;
            }
        }
        for (unsigned r = 0; r < CONFIG_T::k; r++) {
            #pragma HLS UNROLL
            order[lane * CONFIG_T::k + r] = positions[r];
        }
    }
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        const unsigned inner = i % CONFIG_T::inner;
        const unsigned r = i / CONFIG_T::inner % CONFIG_T::k;
        const unsigned outer = i / CONFIG_T::inner / CONFIG_T::k;
        const unsigned lane = CONFIG_T::key_lane(outer * CONFIG_T::inner + inner);
        const unsigned position = order[lane * CONFIG_T::k + r];
        res[i] = data[(outer * CONFIG_T::length + position) * CONFIG_T::inner + inner];
    }
}

// All splits of all trees are decided at once. A split or leaf is reached if its
// parent is and decides for its side (0: below the threshold); parents stand in
// front of their children, a root's parent is the split n_splits, which is
// always reached and always decides for side 0.
template <class data_T, class feature_T, class threshold_T, class parent_T, class side_T, class class_T, class leaf_T, class base_T,
          class res_T, class CONFIG_T>
void trees(data_T data[CONFIG_T::n_positions * CONFIG_T::n_features], const feature_T features[],
           const threshold_T thresholds[], const parent_T parents[], const side_T sides[], const class_T classes[],
           const leaf_T leaves[], const base_T base[CONFIG_T::n_classes],
           res_T res[CONFIG_T::n_positions * CONFIG_T::n_classes]) {
    for (unsigned p = 0; p < CONFIG_T::n_positions; p++) {
        bool reached[CONFIG_T::n_splits + 1];
        bool otherwise[CONFIG_T::n_splits + 1];
        typename CONFIG_T::accum_t sums[CONFIG_T::n_classes];
        #pragma HLS ARRAY_PARTITION variable=reached complete
        #pragma HLS ARRAY_PARTITION variable=otherwise complete
        #pragma HLS ARRAY_PARTITION variable=sums complete
        reached[CONFIG_T::n_splits] = true;
        otherwise[CONFIG_T::n_splits] = false;
        for (unsigned j = 0; j < CONFIG_T::n_classes; j++) {
            #pragma HLS UNROLL
            sums[j] = base[j];
        }
        for (unsigned s = 0; s != CONFIG_T::n_splits; s++) {
            #pragma HLS UNROLL
            otherwise[s] = !(data[p * CONFIG_T::n_features + features[s]] < thresholds[s]);
            reached[s] = reached[parents[s]] && otherwise[parents[s]] == (sides[s] != 0);
        }
        for (unsigned l = 0; l < CONFIG_T::n_leaves; l++) {
            #pragma HLS UNROLL
            const unsigned at = CONFIG_T::n_splits + l;
            if (reached[parents[at]] && otherwise[parents[at]] == (sides[at] != 0)) {
                for (unsigned j = 0; j < CONFIG_T::leaf_width; j++) {
                    #pragma HLS UNROLL
                    sums[classes[l] + j] += typename CONFIG_T::accum_t(leaves[l * CONFIG_T::leaf_width + j]);
                }
            }
        }
        for (unsigned j = 0; j < CONFIG_T::n_classes; j++) {
            #pragma HLS UNROLL
            res[p * CONFIG_T::n_classes + j] = res_T(sums[j]);
        }
    }
}

} // namespace trigforge

#endif

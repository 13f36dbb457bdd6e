/*
 * What one core with AVX-512 can do: the network's ticks for fixed sizes, with the same additions in
 * the same order, so the same bits. To compare the kernels with; nothing of the package uses it.
 *
 * cc -O3 -march=native -ffp-contract=off -shared -fPIC
 *    -DVALUES=4 -DHIDDEN=64 -DACTIONS=2 -DTICKS=8 bound.c -o bound.so
 */
#include <immintrin.h>
#include <stdint.h>

/* 64 neurons at a time: their state and what arrives fit into registers. */
#define GROUPS (HIDDEN / 64)

typedef struct {
    __m512 at[4];
} group;

static inline uint64_t fire(group *u, group *v, group total, __m512 alpha, __m512 beta,
                            __m512 threshold) {
    uint64_t spikes = 0;
    for (int i = 0; i < 4; i++) {
        u->at[i] = _mm512_add_ps(_mm512_mul_ps(alpha, u->at[i]), total.at[i]);
        __m512 potential = _mm512_add_ps(_mm512_mul_ps(beta, v->at[i]), u->at[i]);
        __mmask16 fired = _mm512_cmp_ps_mask(potential, threshold, _CMP_GT_OQ);
        v->at[i] = _mm512_mask_mov_ps(potential, fired, _mm512_setzero_ps());
        spikes |= (uint64_t)fired << 16 * i;
    }
    return spikes;
}

static void present(const float *observation, const float *w1, const float *w2, const float *w3,
                    const float *neuron, float *q) {
    __m512 alpha = _mm512_set1_ps(neuron[0]), beta = _mm512_set1_ps(neuron[1]);
    __m512 threshold = _mm512_set1_ps(neuron[2]);
    group current[GROUPS] = {0}, u1[GROUPS] = {0}, v1[GROUPS] = {0}, u2[GROUPS] = {0};
    group v2[GROUPS] = {0};
    uint64_t first[GROUPS], second[GROUPS];
    float u[ACTIONS] = {0}, v[ACTIONS] = {0};
    for (int g = 0; g < GROUPS; g++)
        for (int x = 0; x < VALUES; x++) {
            const float *row = w1 + HIDDEN * (2 * x + !(observation[x] > 0)) + 64 * g;
            __m512 size = _mm512_set1_ps(__builtin_fabsf(observation[x]));
            for (int i = 0; i < 4; i++)
                current[g].at[i] = _mm512_add_ps(
                    current[g].at[i], _mm512_mul_ps(size, _mm512_loadu_ps(row + 16 * i)));
        }
    for (int t = 0; t < TICKS; t++) {
        for (int g = 0; g < GROUPS; g++)
            first[g] = fire(u1 + g, v1 + g, current[g], alpha, beta, threshold);
        for (int g = 0; g < GROUPS; g++) {
            group total = {0};
            for (int h = 0; h < GROUPS; h++)
                for (uint64_t left = first[h]; left; left &= left - 1) {
                    const float *row = w2 + HIDDEN * (64 * h + __builtin_ctzll(left)) + 64 * g;
                    for (int i = 0; i < 4; i++)
                        total.at[i] = _mm512_add_ps(total.at[i], _mm512_loadu_ps(row + 16 * i));
                }
            second[g] = fire(u2 + g, v2 + g, total, alpha, beta, threshold);
        }
        float out[ACTIONS] = {0};
        for (int g = 0; g < GROUPS; g++)
            for (uint64_t left = second[g]; left; left &= left - 1) {
                const float *row = w3 + ACTIONS * (64 * g + __builtin_ctzll(left));
                for (int a = 0; a < ACTIONS; a++)
                    out[a] += row[a];
            }
        for (int a = 0; a < ACTIONS; a++) {
            u[a] = neuron[0] * u[a] + out[a];
            v[a] = neuron[1] * v[a] + u[a];
        }
    }
    for (int a = 0; a < ACTIONS; a++)
        q[a] = v[a];
}

void present_all(const float *observations, int count, const float *w1, const float *w2,
                 const float *w3, const float *neuron, float *q) {
    for (int n = 0; n < count; n++)
        present(observations + VALUES * n, w1, w2, w3, neuron, q + ACTIONS * n);
}

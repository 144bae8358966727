// The problems of benches/src/program_problems, with the same formulas in the same order.
//
// Each problem is generic over the number S of the shared inputs and the number P of the inputs of a point; R is the
// number of the outputs. Inputs that are not differentiated are plain numbers.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

// A number for each of several components.
template<class T, std::size_t N>
using Row = std::array<T, N>;

struct Rosenbrock {
    static constexpr const char* name = "rosenbrock-20";
    static constexpr std::size_t shared = 0, inputs = 20, outputs = 1;

    template<class R, class S, class P>
    static void values(const S*, const P* x, R* out) {
        R sum = 0.0;
        for (std::size_t i = 0; i + 1 < inputs; i++) {
            P valley = x[i + 1] - x[i] * x[i];
            P away = x[i] - 1.0;
            sum += valley * valley * 100.0 + away * away;
        }
        out[0] = sum;
    }
};

struct BundleAdjustment {
    static constexpr const char* name = "bundle-adjustment";
    static constexpr std::size_t shared = 0, inputs = 15, outputs = 2;
    static constexpr double observed[2] = {4.0, -7.0};

    // The rotation of v about r, by Rodrigues' formula.
    template<class P>
    static void rotate(const P* r, const Row<P, 3>& v, Row<P, 3>& out) {
        using std::cos;
        using std::sin;
        using std::sqrt;
        Row<P, 3> turned = {
            r[1] * v[2] - r[2] * v[1],
            r[2] * v[0] - r[0] * v[2],
            r[0] * v[1] - r[1] * v[0],
        };
        P squared = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
        if (squared > 0.0) {
            P angle = sqrt(squared);
            P cosine = cos(angle);
            P sideways = sin(angle) / angle;
            P along = (1.0 - cosine) / squared * (r[0] * v[0] + r[1] * v[1] + r[2] * v[2]);
            for (std::size_t i = 0; i < 3; i++) {
                out[i] = cosine * v[i] + sideways * turned[i] + along * r[i];
            }
        } else {
            for (std::size_t i = 0; i < 3; i++) {
                out[i] = v[i] + turned[i];
            }
        }
    }

    template<class R, class S, class P>
    static void values(const S*, const P* in, R* out) {
        const P *r = in, *centre = in + 3, *principal = in + 7, *x = in + 11;
        const P &focal = in[6], &k1 = in[9], &k2 = in[10], &weight = in[14];
        Row<P, 3> v, y;
        for (std::size_t i = 0; i < 3; i++) {
            v[i] = x[i] - centre[i];
        }
        rotate(r, v, y);
        Row<P, 2> q = {y[0] / y[2], y[1] / y[2]};
        P squared = q[0] * q[0] + q[1] * q[1];
        P magnified = focal * ((k2 * squared + k1) * squared + 1.0);
        for (std::size_t i = 0; i < 2; i++) {
            out[i] = weight * (magnified * q[i] + principal[i] - observed[i]);
        }
    }
};

struct AsianOption {
    static constexpr const char* name = "asian-option";
    static constexpr std::size_t shared = 5, inputs = 16, outputs = 1;

    template<class R, class S, class P>
    static void values(const S* in, const P* normals, R* out) {
        using std::exp;
        using std::max;
        using std::sqrt;
        const S &spot = in[0], &strike = in[1], &rate = in[2], &volatility = in[3], &maturity = in[4];
        S step = maturity / double(inputs);
        S drift = (rate - volatility * volatility / 2.0) * step;
        S spread = volatility * sqrt(step);
        R price = spot, sum = 0.0;
        for (std::size_t i = 0; i < inputs; i++) {
            price *= exp(spread * normals[i] + drift);
            sum += price;
        }
        R gain = sum / double(inputs) - strike;
        out[0] = max(gain, 0.0) * exp(-rate * maturity);
    }
};

struct Lstm {
    static constexpr const char* name = "lstm";
    static constexpr std::size_t width = 8, steps = 6;
    static constexpr std::size_t shared = 11 * width, inputs = (steps + 1) * width, outputs = 1;

    template<class R, class S, class P>
    static void values(const S* weights, const P* text, R* out) {
        using std::exp;
        using std::log;
        using std::tanh;
        const S *w_forget = weights, *w_ingate = weights + width, *w_outgate = weights + 2 * width,
                *w_change = weights + 3 * width, *b_forget = weights + 4 * width, *b_ingate = weights + 5 * width,
                *b_outgate = weights + 6 * width, *b_change = weights + 7 * width, *w_input = weights + 8 * width,
                *w_output = weights + 9 * width, *b_output = weights + 10 * width;
        Row<R, width> hidden, cell, prediction;
        for (std::size_t i = 0; i < width; i++) {
            hidden[i] = 0.0;
            cell[i] = 0.0;
        }
        R losses = 0.0;
        for (std::size_t step = 0; step < steps; step++) {
            const P *character = text + step * width, *next = character + width;
            for (std::size_t i = 0; i < width; i++) {
                R input = w_input[i] * character[i];
                R forget = 1.0 / (1.0 + exp(-(w_forget[i] * input + b_forget[i])));
                R ingate = 1.0 / (1.0 + exp(-(w_ingate[i] * hidden[i] + b_ingate[i])));
                R outgate = 1.0 / (1.0 + exp(-(w_outgate[i] * input + b_outgate[i])));
                R change = tanh(w_change[i] * hidden[i] + b_change[i]);
                cell[i] = cell[i] * forget + ingate * change;
                hidden[i] = outgate * tanh(cell[i]);
            }
            R sum = 2.0;
            for (std::size_t i = 0; i < width; i++) {
                prediction[i] = w_output[i] * hidden[i] + b_output[i];
                sum += exp(prediction[i]);
            }
            R normaliser = log(sum);
            for (std::size_t i = 0; i < width; i++) {
                losses += next[i] * (prediction[i] - normaliser);
            }
        }
        out[0] = losses * (-1.0 / double(steps * width));
    }
};

struct Diffusion {
    static constexpr const char* name = "ode";
    static constexpr std::size_t cells = 20, steps = 100;
    static constexpr std::size_t shared = 0, inputs = cells, outputs = 1;
    static constexpr double h = 0.02, diffusion = 0.8, reaction = 1.5;

    template<class P>
    static void slope(const Row<P, cells>& y, Row<P, cells>& out) {
        for (std::size_t i = 0; i < cells; i++) {
            const P &left = y[(i + cells - 1) % cells], &right = y[(i + 1) % cells];
            out[i] = (left + right - y[i] * 2.0) * diffusion + (y[i] - y[i] * y[i]) * reaction;
        }
    }

    template<class P>
    static void advance(const Row<P, cells>& y, double h, const Row<P, cells>& k, Row<P, cells>& out) {
        for (std::size_t i = 0; i < cells; i++) {
            out[i] = y[i] + k[i] * h;
        }
    }

    template<class R, class S, class P>
    static void values(const S*, const P* start, R* out) {
        Row<P, cells> y, moved, k1, k2, k3, k4;
        for (std::size_t i = 0; i < cells; i++) {
            y[i] = start[i];
        }
        for (std::size_t step = 0; step < steps; step++) {
            slope(y, k1);
            advance(y, h / 2.0, k1, moved);
            slope(moved, k2);
            advance(y, h / 2.0, k2, moved);
            slope(moved, k3);
            advance(y, h, k3, moved);
            slope(moved, k4);
            for (std::size_t i = 0; i < cells; i++) {
                y[i] += (k1[i] + (k2[i] + k3[i]) * 2.0 + k4[i]) * (h / 6.0);
            }
        }
        R sum = 0.0;
        for (std::size_t i = 0; i < cells; i++) {
            sum += y[i] * y[i];
        }
        out[0] = sum;
    }
};

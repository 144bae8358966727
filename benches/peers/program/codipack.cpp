// The problems with CoDiPack: `codipack FOLDER TURNS [NAME]` reads the inputs from FOLDER, and prints a line
// `problem way ns_per_point checksum` for each problem and way. See README.md.

#include <codi.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "problems.hpp"

// The numbers of a file.
static std::vector<double> read(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) {
        std::fprintf(stderr, "cannot read %s\n", path.c_str());
        std::exit(1);
    }
    std::vector<double> numbers(std::size_t(file.tellg()) / sizeof(double));
    file.seekg(0);
    file.read(reinterpret_cast<char*>(numbers.data()), std::streamsize(numbers.size() * sizeof(double)));
    return numbers;
}

// The CPU time of this thread so far, in seconds.
static double thread_time() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

// The outputs at each point, and the derivatives at each point, or one row of sums.
struct Results {
    std::vector<double> values, derivatives;

    // The sum of all numbers, where derivative number i at each point counts i + 1 times.
    double checksum(std::size_t row) const {
        double sum = 0.0, weighted = 0.0;
        for (double value : values) {
            sum += value;
        }
        for (std::size_t i = 0; i < derivatives.size(); i++) {
            weighted += derivatives[i] * double(i % row + 1);
        }
        return sum + weighted;
    }
};

// The ways to compute a problem at the points of a file.
template<class Problem>
struct Ways {
    static constexpr bool is_summed = Problem::shared > 0;
    static constexpr std::size_t outputs = Problem::outputs;
    static constexpr std::size_t row = outputs * (is_summed ? Problem::shared : Problem::inputs);

    std::vector<double> shared, points;
    std::size_t count;

    explicit Ways(const std::string& folder)
        : shared(read(folder + "/" + Problem::name + ".shared")),
          points(read(folder + "/" + Problem::name + ".points")),
          count(points.size() / Problem::inputs) {
        if (shared.size() != Problem::shared || points.size() % Problem::inputs != 0) {
            std::fprintf(stderr, "%s: inputs of another size\n", Problem::name);
            std::exit(1);
        }
    }

    void plain(Results& results) const {
        results.values.resize(count * outputs);
        for (std::size_t point = 0; point < count; point++) {
            Problem::template values<double>(
                shared.data(), &points[point * Problem::inputs], &results.values[point * outputs]);
        }
    }

    // With a number `Real` of CoDiPack, whose gradients have a component for each output.
    template<class Real>
    void on_tape(Results& results) const {
        results.values.resize(count * outputs);
        if constexpr (is_summed) {
            summed<Real>(results);
        } else {
            each<Real>(results);
        }
    }

    // A recording for each point.
    template<class Real>
    void each(Results& results) const {
        auto& tape = Real::getTape();
        results.derivatives.resize(count * row);
        Real x[Problem::inputs], out[outputs];
        for (std::size_t point = 0; point < count; point++) {
            tape.reset();
            tape.setActive();
            for (std::size_t i = 0; i < Problem::inputs; i++) {
                x[i] = points[point * Problem::inputs + i];
                tape.registerInput(x[i]);
            }
            Problem::template values<Real>(static_cast<const double*>(nullptr), x, out);
            seed(tape, out, &results.values[point * outputs]);
            tape.setPassive();
            tape.evaluate();
            for (std::size_t output = 0; output < outputs; output++) {
                double* to = &results.derivatives[point * row + output * Problem::inputs];
                for (std::size_t i = 0; i < Problem::inputs; i++) {
                    to[i] = component(x[i].gradient(), output);
                }
            }
        }
        tape.reset();
    }

    // The shared inputs are registered once. The recording of each point follows them, and is undone when its adjoints
    // have been added to those of the shared inputs.
    template<class Real>
    void summed(Results& results) const {
        auto& tape = Real::getTape();
        results.derivatives.resize(row);
        Real weights[Problem::shared > 0 ? Problem::shared : 1], out[outputs];
        tape.reset();
        tape.setActive();
        for (std::size_t i = 0; i < Problem::shared; i++) {
            weights[i] = shared[i];
            tape.registerInput(weights[i]);
        }
        auto start = tape.getPosition();
        for (std::size_t point = 0; point < count; point++) {
            Problem::template values<Real>(weights, &points[point * Problem::inputs], out);
            seed(tape, out, &results.values[point * outputs]);
            tape.evaluate(tape.getPosition(), start);
            tape.resetTo(start);
        }
        tape.setPassive();
        for (std::size_t i = 0; i < Problem::shared; i++) {
            results.derivatives[i] = component(weights[i].gradient(), 0);
        }
        tape.reset();
    }

    template<class Tape, class Real>
    static void seed(Tape& tape, Real* out, double* values) {
        for (std::size_t output = 0; output < outputs; output++) {
            tape.registerOutput(out[output]);
            values[output] = out[output].getValue();
            component(out[output].gradient(), output) = 1.0;
        }
    }

    // A component of a gradient, which is a number if there is one output.
    template<class Gradient>
    static auto& component(Gradient& gradient, std::size_t output) {
        if constexpr (std::is_same_v<Gradient, double>) {
            return gradient;
        } else {
            return gradient[output];
        }
    }
};

// The CPU time of a call of `run` in a turn, in seconds. A first call, which is not counted, fills the caches.
template<class Run>
static double seconds(Run run) {
    run();
    double start = thread_time();
    for (int calls = 1;; calls++) {
        run();
        double time = thread_time() - start;
        if (time >= 0.01) {
            return time / calls;
        }
    }
}

template<class Problem>
static void report(const std::string& folder, int turns, const char* wanted) {
    if (std::strstr(Problem::name, wanted) == nullptr) {
        return;
    }
    using Way = Ways<Problem>;
    using Gradient = std::conditional_t<Way::outputs == 1, double, codi::Direction<double, Way::outputs>>;
    using Real = codi::RealReverseGen<double, Gradient>;
    Way way(folder);
    Results plain, on_tape;
    double best_plain = std::numeric_limits<double>::infinity(), best_on_tape = best_plain;
    for (int turn = 0; turn < turns; turn++) {
        best_plain = std::min(best_plain, seconds([&] { way.plain(plain); }));
        best_on_tape = std::min(best_on_tape, seconds([&] { way.template on_tape<Real>(on_tape); }));
    }
    auto print = [&](const char* name, double best, const Results& results) {
        double nanoseconds = best * 1e9 / double(way.count);
        std::printf("%s %s %.2f %.15e\n", Problem::name, name, nanoseconds, results.checksum(Way::row));
    };
    print("peer-plain", best_plain, plain);
    print("codipack", best_on_tape, on_tape);
}

int main(int count, char** arguments) {
    if (count < 3) {
        std::fprintf(stderr, "usage: codipack FOLDER TURNS [NAME]\n");
        return 1;
    }
    std::string folder = arguments[1];
    int turns = std::atoi(arguments[2]);
    const char* wanted = count > 3 ? arguments[3] : "";
    report<Rosenbrock>(folder, turns, wanted);
    report<BundleAdjustment>(folder, turns, wanted);
    report<AsianOption>(folder, turns, wanted);
    report<Lstm>(folder, turns, wanted);
    report<Diffusion>(folder, turns, wanted);
}

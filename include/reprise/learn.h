/* learn.h: from one number with a gradient to a network that sees. */
#ifndef REPRISE_LEARN_H
#define REPRISE_LEARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reprise/reprise.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- A number with a gradient ---------------------------------------------------------------
 *
 * A tape records what is computed, one node an operation, in the order of computing:
 *
 *     rp_value x = rp_scalar_input(tape, 3);
 *     rp_value y = rp_scalar_multiply(tape, x, x);
 *     double gradients[2];
 *     rp_scalar_backward(tape, y, gradients);      gradients[x] is dy/dx = 6
 *
 * `c += c + 1` is written c = add(c, add(c, 1)): a new node, nothing recorded ever changes. */

typedef struct rp_scalar_tape rp_scalar_tape;
typedef uint32_t rp_value; /* a node: its place on the tape, 0 .. rp_scalar_tape_count - 1 */

/* RP_SYSTEM: no memory. A tape grows as needed and belongs to one thread at a time. */
rp_status rp_scalar_tape_create(rp_scalar_tape **tape, rp_error *error);
void rp_scalar_tape_destroy(rp_scalar_tape *tape);
void rp_scalar_tape_reset(rp_scalar_tape *tape);           /* forgets all nodes, keeps the memory */
uint32_t rp_scalar_tape_count(const rp_scalar_tape *tape); /* nodes so far */

/* RP_SYSTEM when the tape ran out of memory while recording: its values are then wrong. Ask once,
 * after recording. */
rp_status rp_scalar_tape_check(const rp_scalar_tape *tape, rp_error *error);

rp_value rp_scalar_input(rp_scalar_tape *tape, double number); /* what one differentiates by */
rp_value rp_scalar_constant(rp_scalar_tape *tape, double number);
rp_value rp_scalar_add(rp_scalar_tape *tape, rp_value a, rp_value b);
rp_value rp_scalar_subtract(rp_scalar_tape *tape, rp_value a, rp_value b);
rp_value rp_scalar_multiply(rp_scalar_tape *tape, rp_value a, rp_value b);
rp_value rp_scalar_divide(rp_scalar_tape *tape, rp_value a, rp_value b);
rp_value rp_scalar_negate(rp_scalar_tape *tape, rp_value a);
/* a ** b; 0 ** 0 is 1, as pow() has it. The slope by a is 0 where b is, by b where the power is. */
rp_value rp_scalar_power(rp_scalar_tape *tape, rp_value a, rp_value b);
rp_value rp_scalar_relu(rp_scalar_tape *tape, rp_value a); /* slope 0 at 0 */
rp_value rp_scalar_step(rp_scalar_tape *tape, rp_value a); /* 1 above 0, else 0; slope 0 */
rp_value rp_scalar_tanh(rp_scalar_tape *tape, rp_value a);
rp_value rp_scalar_exp(rp_scalar_tape *tape, rp_value a);
rp_value rp_scalar_log(rp_scalar_tape *tape,
                       rp_value a); /* of a negative number: NaN, as IEEE has it */
rp_value rp_scalar_sqrt(rp_scalar_tape *tape, rp_value a);
rp_value rp_scalar_sin(rp_scalar_tape *tape, rp_value a);
rp_value rp_scalar_cos(rp_scalar_tape *tape, rp_value a);
rp_value rp_scalar_sigmoid(rp_scalar_tape *tape, rp_value a);

double rp_scalar_number(const rp_scalar_tape *tape, rp_value value);

/* Gives `input` another number; the nodes made from it follow at the next rp_scalar_forward. */
void rp_scalar_set(rp_scalar_tape *tape, rp_value input, double number);
void rp_scalar_forward(rp_scalar_tape *tape); /* computes all nodes again, in order */

/* gradients[i] becomes d root / d i for every node i up to `root`: root + 1 numbers, yours. Nothing
 * is kept on the tape, so calling it twice gives the same twice. No recursion: a chain of ten
 * million nodes is a loop. */
void rp_scalar_backward(const rp_scalar_tape *tape, rp_value root, double *gradients);

/* gradient[k] becomes a node holding d root / d inputs[k]: made of new nodes on the same tape, so
 * that it can be drawn, evaluated anew after rp_scalar_set and differentiated again, to any order.
 * Constants are folded and equal nodes shared. RP_SYSTEM: no memory. */
rp_status rp_scalar_gradient(rp_scalar_tape *tape, rp_value root, const rp_value *inputs,
                             size_t count, rp_value *gradient, rp_error *error);

/* A direction in the space of `count` inputs. The arrays are borrowed. */
typedef struct rp_scalar_direction {
    const rp_value *inputs;
    const double *along; /* one number an input */
    size_t count;
} rp_scalar_direction;

/* product[k] becomes row k of H v: H the Hessian of `root` by the inputs, v the direction; H itself
 * is never formed: it is the gradient of (gradient . v). Appends nodes. RP_SYSTEM: no memory. */
rp_status rp_scalar_hessian_vector(rp_scalar_tape *tape, rp_value root,
                                   const rp_scalar_direction *v, double *product, rp_error *error);

/* coefficients[0 .. order]: Taylor's, of root along inputs + t * along; the k-th derivative by t is
 * k! * coefficients[k]. By recurrences on numbers, sharing nothing with rp_scalar_gradient: the
 * independent check of it. The graph's own numbers are not used beyond its leaves.
 * RP_SYSTEM: no memory. */
rp_status rp_scalar_taylor(const rp_scalar_tape *tape, rp_value root,
                           const rp_scalar_direction *direction, unsigned order,
                           double *coefficients, rp_error *error);

/* A tape, or the part of it that matters, made ready to run many times with other inputs: no
 * recording, no allocation; a sum of products (a neuron) is one instruction. About four times as
 * fast as recording anew, and the values are the tape's bit for bit. */
typedef struct rp_scalar_program rp_scalar_program;

typedef struct rp_scalar_plan {
    const rp_value *outputs; /* at least one; the first is what is differentiated */
    size_t output_count;
    const rp_value *inputs; /* nodes made by rp_scalar_input; other leaves keep their numbers */
    size_t input_count;
} rp_scalar_plan;

/* Copies what it needs from tape and plan. RP_SYSTEM: no memory. */
rp_status rp_scalar_program_create(rp_scalar_program **program, const rp_scalar_tape *tape,
                                   const rp_scalar_plan *plan, rp_error *error);
void rp_scalar_program_destroy(rp_scalar_program *program);

/* Evaluates at `inputs` and gives the first output. `outputs` (all of them) and `gradient` (of the
 * first, by each input) may be NULL: without a gradient there is no sweep backwards. */
double rp_scalar_program_run(rp_scalar_program *program, const double *inputs, double *outputs,
                             double *gradient);

/* -- Expressions, drawings and words ---------------------------------------------------------- */

/* What nodes are called, in drawings, traces and expressions. All borrowed. */
typedef struct rp_scalar_name {
    rp_value value;
    const char *text;
} rp_scalar_name;

typedef struct rp_scalar_names {
    const rp_scalar_name *rows;
    size_t count;
} rp_scalar_names;

/* Records an expression such as "sin(x)^2 + 3*x/y": + - * / ^ (or **), parentheses, numbers, the
 * names given, and neg relu step tanh exp log sqrt sin cos sigmoid. ^ binds tightest and to the
 * right. RP_INPUT: not an expression; the error's place is the byte. */
rp_status rp_scalar_parse(rp_scalar_tape *tape, const char *text, const rp_scalar_names *names,
                          rp_value *root, rp_error *error);

/* RP_INPUT when a node up to `root` is infinite or not a number: the error tells the first one and
 * what made it so (the logarithm of a negative number, 0 ** -1). */
rp_status rp_scalar_check_finite(const rp_scalar_tape *tape, rp_value root,
                                 const rp_scalar_names *names, rp_error *error);

/* Draws what `root` is made of, with each node's number and gradient, as the ending of `path` says:
 * .dot, .svg or .png; the last two need Graphviz's `dot`. RP_USAGE: another ending, or more than
 * 2,000 nodes. RP_SYSTEM: no `dot`, or the file cannot be written. */
rp_status rp_scalar_draw(const rp_scalar_tape *tape, rp_value root, const rp_scalar_names *names,
                         const char *path, rp_error *error);

/* Tells the backward pass from `root` in words, a line (level 1) for each node that has a gradient:
 * "d = a * b = -8 has gradient 3: a gains 3 times b, 6; b gains 3 times a, -12". */
rp_status rp_scalar_explain(const rp_scalar_tape *tape, rp_value root, const rp_scalar_names *names,
                            const rp_log *log, rp_error *error);

/* -- Networks of scalars --------------------------------------------------------------------- */

/* A layer of neurons: y_j = activation(bias_j + sum of weight_ji x_i). Parameters lie neuron by
 * neuron: `inputs` weights, then the bias. */
typedef struct rp_scalar_layer {
    size_t inputs, outputs;                             /* 1 .. 256 */
    rp_value (*activation)(rp_scalar_tape *, rp_value); /* rp_scalar_relu, ...; NULL: none */
} rp_scalar_layer;

size_t rp_scalar_mlp_parameter_count(const rp_scalar_layer *layers, size_t layer_count);

/* Records the layers one after the other: x holds layers[0].inputs nodes, y receives the last
 * layer's outputs; `parameters` as many nodes as rp_scalar_mlp_parameter_count says. */
void rp_scalar_mlp_forward(rp_scalar_tape *tape, const rp_scalar_layer *layers, size_t layer_count,
                           const rp_value *parameters, const rp_value *x, rp_value *y);

/* Mean over `count` samples of relu(1 - label * score), labels -1 or +1. */
rp_value rp_scalar_hinge(rp_scalar_tape *tape, const rp_value *scores, const double *labels,
                         size_t count);

/* -log of the softmax of `scores` at class `label`; no overflow for scores of any size. */
rp_value rp_scalar_cross_entropy(rp_scalar_tape *tape, const rp_value *scores, size_t classes,
                                 size_t label);

/* Stochastic gradient descent: each input moves by -rate * gradients[input]. */
void rp_scalar_descend(rp_scalar_tape *tape, const rp_value *inputs, size_t count,
                       const double *gradients, double rate);

/* -- Two moons ---------------------------------------------------------------------------------
 *
 * The demo of micrograd: points of two interleaved half circles, a network of layers 2-16-16-1 with
 * relu, hinge loss plus 1e-4 of the sum of all squared parameters, gradient descent on the whole
 * set at the rate 1 - 0.9 step / steps. Points and weights are drawn as numpy and Python draw them
 * from the same seed, so that seed 1337 gives the published notebook's numbers. */

typedef struct rp_moons rp_moons;

typedef struct rp_moons_options {
    uint32_t seed;
    uint32_t points; /* 2 .. 10000 */
    double noise;    /* deviation added to both coordinates, 0 or more */
    uint32_t steps;  /* 1 .. 1000000 */
} rp_moons_options;

/* The notebook's; in the order of the fields, for C++17 knows no other. */
#define RP_MOONS_OPTIONS_INIT \
    { 1337, 100, 0.1, 100 }

typedef struct rp_moons_point {
    double x[2], label; /* label: -1 or +1 */
} rp_moons_point;

typedef struct rp_moons_round {
    uint32_t step;
    double loss, accuracy; /* before the step's update; accuracy 0 .. 1 */
} rp_moons_round;

/* RP_USAGE: an option out of its range. RP_SYSTEM: no memory. */
rp_status rp_moons_create(rp_moons **moons, const rp_moons_options *options, rp_error *error);
void rp_moons_destroy(rp_moons *moons);

uint32_t rp_moons_node_count(const rp_moons *moons); /* nodes recorded for one step */
size_t rp_moons_parameter_count(const rp_moons *moons);
size_t rp_moons_point_count(const rp_moons *moons);
const rp_moons_point *rp_moons_points(const rp_moons *moons);
const double *rp_moons_parameters(const rp_moons *moons); /* layer, neuron, weights then bias */
const double *rp_moons_gradient(const rp_moons *moons);   /* of the last step, in the same order */

/* One step of training, from 0 on; after options.steps it goes on at the last rate. */
rp_moons_round rp_moons_step(rp_moons *moons);

/* The network's score at one place: above 0 means label +1. */
double rp_moons_score(rp_moons *moons, double x0, double x1);

/* Pictures, written whole or not at all. RP_SYSTEM: the file cannot be written. */
rp_status rp_moons_draw_boundary(rp_moons *moons, const char *png_path, rp_error *error);
rp_status rp_moons_draw_curve(const rp_moons_round *rounds, size_t count, const char *png_path,
                              rp_error *error);

/* -- LeNet ----------------------------------------------------------------------------------------
 *
 * Networks that read a digit of 28 x 28 pixels (0 paper, 255 ink). Variants:
 *     "1998"    LeNet-5 of that year: 60,000 parameters, trained digit by digit
 *     "modern"  about the same size: batch norm, relu, max-pooling, distortions, Adam
 *     "large"   the same with at most 300,000 parameters
 *     "fashion" the layers of modern, learning clothes (mirrored and partly hidden, never bent)
 *     "fashion-large"  residual, under a million parameters
 * The last two answer with the mean of ten views of a picture: it and its mirror image, each as it
 * is and moved by a pixel in four directions.
 * Data: the four IDX files of MNIST, or others of the same kind, plain or gzipped, in one folder.
 */

typedef struct rp_lenet rp_lenet;

enum { RP_DIGIT_SIDE = 28, RP_DIGIT_CLASSES = 10 };

/* Draws first weights from `seed`. `device`: "cpu", or "cuda", an NVIDIA GPU (not for 1998).
 * `threads`: at most so many, 0 for all. RP_USAGE: no such variant or device; RP_SYSTEM: no GPU. */
rp_status rp_lenet_create(rp_lenet **lenet, const char *variant, uint64_t seed, const char *device,
                          unsigned threads, rp_error *error);
void rp_lenet_destroy(rp_lenet *lenet);
const char *rp_lenet_variant(const rp_lenet *lenet);
size_t rp_lenet_parameter_count(const rp_lenet *lenet); /* trained */

/* Weights as safetensors. Loading takes the variant from the file. RP_INPUT: not such a file, or
 * numbers in it that no training gives: infinite, none, a variance below 0. */
rp_status rp_lenet_save(const rp_lenet *lenet, const char *path, rp_error *error);
rp_status rp_lenet_load(rp_lenet **lenet, const char *path, const char *device, unsigned threads,
                        rp_error *error);

/* How a pass went. Wrong answers in per cent; those of training are counted while learning. */
typedef struct rp_lenet_pass {
    unsigned pass; /* from 1 */
    double loss, training_error, test_error, seconds;
    double step_min, step_max; /* 1998: smallest and largest step of a weight, else 0 */
} rp_lenet_pass;

typedef struct rp_lenet_training {
    const char *folder; /* of the data */
    unsigned passes;    /* 1 .. 1000; 0: as many as the variant's recipe says */
    uint32_t hold_out;  /* so many of the last training digits are not learned from but tested on in
                           place of the test files, which are then not opened: for choosing */
    uint64_t seed;
    bool
        distort; /* 1998: nine distorted copies of each digit beside the original; modern: always */
    void (*on_pass)(void *context, const rp_lenet_pass *pass); /* may be NULL */
    void *context;
} rp_lenet_training;

/* Trains from where the weights are, new, loaded or trained before; the schedule of the steps
 * begins anew with each call. The same seed, data and threads give the same weights.
 * RP_INPUT: the data cannot be read. RP_NO: `progress` asked to stop; the weights are then those of
 * the last whole batch. */
rp_status rp_lenet_train(rp_lenet *lenet, const rp_lenet_training *training,
                         const rp_progress *progress, rp_error *error);

typedef struct rp_lenet_evaluation {
    uint32_t count, wrong;
    double test_error;                                      /* per cent */
    uint32_t confusion[RP_DIGIT_CLASSES][RP_DIGIT_CLASSES]; /* [label][answer] */
} rp_lenet_evaluation;

/* On the test files of `folder`. */
rp_status rp_lenet_evaluate(rp_lenet *lenet, const char *folder, rp_lenet_evaluation *evaluation,
                            rp_error *error);

/* scores[c]: how sure, 0 .. 1, summing to 1 (1998: from the distances to the codes). RP_INPUT: the
 * weights are such that it is no number. */
rp_status rp_lenet_classify(rp_lenet *lenet, const uint8_t pixels[RP_DIGIT_SIDE * RP_DIGIT_SIDE],
                            double scores[RP_DIGIT_CLASSES], rp_error *error);

/* Reads a PNG of one digit, dark on light or light on dark, wherever and however small it is on the
 * sheet, and makes of it what MNIST is: the ink's box scaled to 20 pixels, its centre of mass in
 * the middle. RP_NO: nothing is drawn on it that stands out from the paper's grain, or nothing of 5
 * pixels' size. RP_INPUT: not a PNG, or larger than 64 megapixels. */
rp_status rp_digit_read(const char *path, uint8_t pixels[RP_DIGIT_SIDE * RP_DIGIT_SIDE],
                        rp_error *error);

/* Pictures. */
rp_status rp_lenet_draw_confusion(const rp_lenet_evaluation *evaluation, const char *png_path,
                                  rp_error *error);
rp_status rp_lenet_draw_maps(rp_lenet *lenet, const uint8_t pixels[RP_DIGIT_SIDE * RP_DIGIT_SIDE],
                             const char *png_path, rp_error *error);

/* -- Batch normalisation -------------------------------------------------------------------------
 *
 * Ioffe and Szegedy 2015: each channel of a batch is shifted to mean 0 and scaled to variance 1. */

enum { RP_SCORES_MAX = 64 };

/* What normalising does to a list of numbers. `variance` divides by the count (for normalising),
 * `unbiased` by one less (for the running value); eps is 0. */
typedef struct rp_normalised {
    double mean, variance, deviation, unbiased;
    double x[RP_SCORES_MAX];        /* normalised */
    double gradient[RP_SCORES_MAX]; /* of x[0] by each number */
} rp_normalised;

/* count: 2 .. RP_SCORES_MAX. RP_INPUT: all numbers are equal, or one is not finite. */
rp_status rp_normalise(rp_normalised *result, const double *numbers, size_t count, rp_error *error);

/* The paper's first experiment: three hidden layers of 100 sigmoid units on digits, batches of 60,
 * plain gradient descent from small random weights; the same net, order and rate without batch norm
 * and with it before each sigmoid. */
typedef struct rp_batchnorm_study {
    const char *folder; /* of the IDX files, as for rp_lenet_train */
    uint64_t seed;
    double rate;      /* of learning, the same for both nets; above 0 */
    uint32_t steps;   /* 1 .. 1000000 */
    uint32_t every;   /* steps between two tests, 1 .. steps */
    unsigned threads; /* 0: all */
} rp_batchnorm_study;

/* In the order of the fields, for C++17 knows no other. */
#define RP_BATCHNORM_STUDY_INIT \
    { NULL, 1, 0.1, 10000, 50, 0 }

typedef struct rp_batchnorm_point {
    uint32_t step;
    double accuracy[2]; /* on the test digits, 0 .. 1: without, with */
} rp_batchnorm_point;

/* Fills steps / every points, which the caller has room for. */
rp_status rp_batchnorm_run(const rp_batchnorm_study *study, rp_batchnorm_point *points,
                           const rp_progress *progress, rp_error *error);

/* The best accuracy without, and the first steps at which each net reached it. */
typedef struct rp_batchnorm_verdict {
    double best_without;
    uint32_t step_without, step_with; /* step_with 0: never */
    double share;                     /* step_with / step_without; 0: never */
} rp_batchnorm_verdict;
rp_batchnorm_verdict rp_batchnorm_judge(const rp_batchnorm_point *points, size_t count);

rp_status rp_batchnorm_draw(const rp_batchnorm_point *points, size_t count, const char *png_path,
                            rp_error *error);

#ifdef __cplusplus
}
#endif
#endif

/* The iterated fast gradient sign method (Kurakin, Goodfellow, Bengio, ICLR 2017), as a plugin in C.
 *
 *   cc -shared -fPIC -O2 -I ../../../Sources/Evaluation/CRobustnessPlugin/include -o libiterated_sign.so iterated_sign.c -lm
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "robustness_plugin.h"

enum { STEPS, RELATIVE_STEP };

static const robustness_option options[] = {
    [STEPS] = {"steps", "number of steps, each one gradient", ROBUSTNESS_INTEGER, 10, 1, 100000},
    [RELATIVE_STEP] = {"relative-step", "length of a step as a multiple of epsilon", ROBUSTNESS_REAL, 0.25, 0, 1000},
};

/* One step: along the sign of the gradient in L-infinity, along its unit vector in L2. */
static void step(double *point, const double *gradient, size_t size, int32_t norm, double length) {
  double divisor = 0;
  for (size_t j = 0; norm == ROBUSTNESS_NORM_L2 && j < size; j++) divisor = hypot(divisor, gradient[j]);
  for (size_t j = 0; j < size; j++) {
    if (norm == ROBUSTNESS_NORM_LINF)
      point[j] += length * ((gradient[j] > 0) - (gradient[j] < 0));
    else if (divisor > 0)
      point[j] += length * (gradient[j] / divisor);
  }
}

static int32_t perturb(const robustness_problem *problem, double *points, char *message, size_t message_size) {
  size_t count = problem->example_count, size = problem->input_size;
  double *gradients = malloc(count * size * sizeof *gradients);
  if (!gradients) {
    snprintf(message, message_size, "there is no memory for %zu gradients", count);
    return -1;
  }
  int32_t status = ROBUSTNESS_OK;
  double length = problem->epsilon * problem->options[RELATIVE_STEP];
  for (int s = 0; s < problem->options[STEPS] && status == ROBUSTNESS_OK; s++) {
    status = problem->ascent(problem->context, points, NULL, count, NULL, NULL, gradients, NULL, NULL);
    if (status != ROBUSTNESS_OK) break;
    for (size_t i = 0; i < count; i++) step(points + i * size, gradients + i * size, size, problem->norm, length);
    status = problem->project(problem->context, points, NULL, count);
  }
  free(gradients);
  return status;
}

static const robustness_attack attacks[] = {{
    .name = "iterated-sign",
    .summary = "repeated steps along the gradient's sign, in C",
    .access = ROBUSTNESS_ACCESS_GRADIENTS,
    .norms = ROBUSTNESS_NORM_LINF + ROBUSTNESS_NORM_L2,
    .targeted = 1,
    .minimum_classes = 2,
    .option_count = sizeof options / sizeof *options,
    .options = options,
    .perturb = perturb,
}};

static const robustness_plugin plugin = {
    ROBUSTNESS_PLUGIN_ABI, sizeof(robustness_attack), sizeof(robustness_option), sizeof attacks / sizeof *attacks, attacks};

const robustness_plugin *robustness_plugin_entry(uint32_t abi) { return abi == ROBUSTNESS_PLUGIN_ABI ? &plugin : NULL; }

// The log-domain losses of one draw after another: what the draws add up to.
#pragma STDC FP_CONTRACT OFF  // the same bits in debug and release, and in every clone
#include "LogitGradients.h"

size_t ckn_padded_classes(size_t classes) { return (classes + DOUBLES - 1) / DOUBLES * DOUBLES; }

void ckn_prediction_clear(const ckn_prediction *p, size_t rows, size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  for (size_t i = 0; i < rows * padded; i++) p->top[i] = -INFINITY;
  memset(p->sum, 0, rows * padded * sizeof(double));
  memset(p->votes, 0, rows * padded * sizeof(double));
  memset(p->logits, 0, rows * padded * sizeof(double));
  for (size_t i = 0; i < rows; i++) p->loss_top[i] = -INFINITY;
  memset(p->loss_sum, 0, rows * sizeof(double));
}

// (top, sum) gets (t, s) added, eight classes at a time, with a single exponential: of minus the distance of the two tops.
#define MERGE_LANES(top_, sum_, t_, s_)                                                                                     \
  do {                                                                                                                      \
    doubles a_ = *(doubles *)(top_), b_ = (t_), d_ = a_ - b_, e_;                                                           \
    d_ = DSELECT(a_ == b_, (doubles){0}, d_); /* −∞ − −∞ */                                                                 \
    doubles m_ = (doubles){0} - DABSOLUTE(d_);                                                                              \
    EXP_DOUBLES(e_, m_);                                                                                                    \
    e_ = DSELECT(d_ == d_, e_, d_);                                                                                         \
    doubles old_ = *(doubles *)(sum_), new_ = (s_);                                                                         \
    *(doubles *)(sum_) = DSELECT(a_ >= b_, old_ + new_ * e_, old_ * e_ + new_);                                             \
    *(doubles *)(top_) = DSELECT(a_ >= b_, a_, b_);                                                                         \
  } while (0)

size_t ckn_lanes_count(size_t rows, size_t classes) { return (rows + DOUBLES - 1) / DOUBLES * DOUBLES * classes; }

void ckn_lanes_clear(const ckn_prediction_lanes *p, size_t rows, size_t classes) {
  size_t count = ckn_lanes_count(rows, classes);
  for (size_t i = 0; i < count; i++) p->top[i] = -INFINITY;
  memset(p->sum, 0, count * sizeof(double));
  memset(p->votes, 0, count * sizeof(double));
  memset(p->logits, 0, count * sizeof(double));
  count = ckn_lanes_count(rows, 1);
  for (size_t i = 0; i < count; i++) p->loss_top[i] = -INFINITY;
  memset(p->loss_sum, 0, count * sizeof(double));
}

CLONES void ckn_prediction_add(const ckn_prediction_lanes *p, const void *z, ckn_type type, const int32_t *labels, size_t rows, size_t classes,
                               const ckn_gradient_target *gradient) {
  size_t padded = ckn_padded_classes(classes);
  ROWS_OF_SCRATCH(scratch, padded);
  double *block = scratch, *e = scratch + DOUBLES * padded;
  label_odds odds;
  for (size_t r = 0; r < rows; r += DOUBLES) {
    size_t count = rows - r < DOUBLES ? rows - r : DOUBLES;
    load_lanes(block, z, type, r, count, classes, classes);
    compute_odds(&odds, block, e, labels + r, count, classes);
    if (gradient && r < gradient->rows) store_odds_gradient(gradient, &odds, e, r, classes);
    // log CE = log softplus(u), which is u itself far below zero.
    doubles loss, u = odds.odds, one = (doubles){0} + 1.0;
    LOG_DOUBLES(loss, odds.plus);
    loss = DSELECT(u < -37.0, u, loss);
    MERGE_LANES(p->loss_top + r, p->loss_sum + r, loss, one);
    doubles best = *(const doubles *)block, all = odds.own + odds.plus;  // log Σ_all, since log p_y = −softplus(u)
    longs chosen = {0};
    for (size_t c = 1; c < classes; c++) {
      doubles zc = *(const doubles *)(block + c * DOUBLES);
      longs is_larger = zc > best;
      best = DSELECT(is_larger, zc, best);
      chosen = ISELECT(is_larger, (longs){0} + (int64_t)c, chosen);
    }
    for (size_t c = 0; c < classes; c++) {
      size_t o = r * classes + c * DOUBLES;
      doubles zc = *(const doubles *)(block + c * DOUBLES);
      *(doubles *)(p->votes + o) += DSELECT(chosen == (longs){0} + (int64_t)c, one, (doubles){0});
      *(doubles *)(p->logits + o) += zc;
      MERGE_LANES(p->top + o, p->sum + o, zc - all, one);
    }
  }
  FREE_SCRATCH(scratch);
}

CLONES void ckn_prediction_merge(const ckn_prediction *into, const ckn_prediction_lanes *from, size_t rows, size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  for (size_t r = 0; r < rows; r++) {
    // The row's classes have the distance of eight rows.
    size_t lane = r / DOUBLES * DOUBLES * classes + r % DOUBLES;
    for (size_t c = 0; c < classes; c += DOUBLES) {
      size_t o = r * padded + c, count = classes - c < DOUBLES ? classes - c : DOUBLES;
      doubles top = (doubles){0} - INFINITY, sum = {0};
      for (size_t k = 0; k < count; k++) {
        size_t i = lane + (c + k) * DOUBLES;
        top[k] = from->top[i], sum[k] = from->sum[i];
        into->votes[o + k] += from->votes[i];
        into->logits[o + k] += from->logits[i];
      }
      MERGE_LANES(into->top + o, into->sum + o, top, sum);
    }
    double a = into->loss_top[r], b = from->loss_top[r];
    double d = a == b ? 0 : a - b, e = exp(-fabs(d));
    into->loss_sum[r] = a >= b ? into->loss_sum[r] + from->loss_sum[r] * e : into->loss_sum[r] * e + from->loss_sum[r];
    into->loss_top[r] = a >= b ? a : b;
  }
}

CLONES void ckn_log_softmax(double *out, const void *z, ckn_type type, size_t rows, size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  ROWS_OF_SCRATCH(scratch, padded);
  double *row = scratch, *e = scratch + padded, total;
  for (size_t r = 0; r < rows; r++) {
    load_logits(row, z, type, r, classes, padded);
    double all = log_sum_except(row, e, &total, classes, classes, padded);
    for (size_t c = 0; c < classes; c++) out[r * classes + c] = row[c] - all;
  }
  FREE_SCRATCH(scratch);
}

// The rival of y, and of all classes the largest and the third largest; of equal ones the smaller index comes first.
typedef struct {
  size_t rival, top, third;
} class_order;

static class_order order_of(const double *l, size_t y, size_t classes) {
  size_t first[3] = {classes, classes, classes};
  for (size_t c = 0; c < classes; c++) {
    size_t place = 3;
    while (place > 0 && (first[place - 1] == classes || l[c] > l[first[place - 1]])) place--;
    for (size_t i = 2; i > place; i--) first[i] = first[i - 1];
    if (place < 3) first[place] = c;
  }
  return (class_order){.rival = first[0] == y ? first[1] : first[0], .top = first[0], .third = first[2]};
}

// What multiplies the gradient of each log p̄_c in that of the objective, for log-probabilities that may all lack the same constant.
// Returns the logarithm of the factor that is common to all, without that constant.
static double coefficients_of(double *coefficients, ckn_objective objective, const double *l, size_t y, size_t classes) {
  class_order o = order_of(l, y, classes);
  for (size_t c = 0; coefficients && c < classes; c++) coefficients[c] = 0;
  if (objective == CKN_PROBABILITY_MARGIN) {
    double factor = l[o.rival] > l[y] ? l[o.rival] : l[y];
    if (coefficients) coefficients[o.rival] = exp(l[o.rival] - factor), coefficients[y] = -exp(l[y] - factor);
    return factor;
  }
  double range = l[o.top] - l[o.third], ratio = range == 0 ? 0 : (l[o.rival] - l[y]) / range;
  if (coefficients) {
    coefficients[o.rival] += 1;
    coefficients[y] -= 1;
    coefficients[o.top] -= ratio;
    coefficients[o.third] += ratio;
  }
  return range == 0 ? 0 : -log(range);
}

void ckn_first_pass_fill(ckn_objective objective, double *log_sums, double *mean_logits, double *outer, const ckn_prediction *p,
                         const int32_t *labels, double draws, size_t rows, size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  for (size_t r = 0; r < rows; r++) {
    size_t o = r * padded;
    for (size_t c = 0; c < classes; c++) {
      if (objective == CKN_MARGIN || objective == CKN_PROBABILITY_MARGIN || objective == CKN_DLR)
        log_sums[o + c] = p->top[o + c] + log(p->sum[o + c]);
      if (objective == CKN_MEAN_LOGIT) mean_logits[o + c] = p->logits[o + c] / draws;
    }
    if (objective == CKN_PROBABILITY_MARGIN || objective == CKN_DLR)
      coefficients_of(outer + o, objective, log_sums + o, (size_t)labels[r], classes);
    if (objective != CKN_DOUBLE_SOFTMAX) continue;
    double total = 0;
    for (size_t c = 0; c < classes; c++) {
      outer[o + c] = exp(exp(p->top[o + c] + log(p->sum[o + c] / draws)));
      total += outer[o + c];
    }
    for (size_t c = 0; c < classes; c++) outer[o + c] = outer[o + c] / total - (c == (size_t)labels[r]);
  }
}

void ckn_prediction_finish(ckn_objective objective, double *log_predictive, double *votes, double *log_losses, double *log_factors,
                           const ckn_prediction *p, const int32_t *labels, double draws, size_t rows, size_t classes) {
  size_t padded = ckn_padded_classes(classes);
  double log_draws = log(draws);
  for (size_t r = 0; r < rows; r++) {
    size_t o = r * padded, y = (size_t)labels[r];
    double *l = log_predictive + r * classes;
    for (size_t c = 0; c < classes; c++) {
      l[c] = p->top[o + c] + log(p->sum[o + c]) - log_draws;
      if (votes) votes[r * classes + c] = p->votes[o + c];
    }
    if (log_factors) {
      switch (objective) {
        case CKN_PREDICTIVE: log_factors[r] = -(p->top[o + y] + log(p->sum[o + y])); break;
        case CKN_MARGIN: log_factors[r] = 0; break;
        case CKN_PROBABILITY_MARGIN:
        case CKN_DLR: log_factors[r] = coefficients_of(NULL, objective, l, y, classes); break;
        case CKN_EXPECTED_LOSS:
        case CKN_MEAN_LOGIT:
        case CKN_DOUBLE_SOFTMAX: log_factors[r] = -log_draws; break;
      }
    }
    if (!log_losses) continue;
    double top = -INFINITY, sum = 0;
    switch (objective) {
      case CKN_EXPECTED_LOSS: log_losses[r] = p->loss_top[r] + log(p->loss_sum[r]) - log_draws; break;
      case CKN_PREDICTIVE:
        for (size_t c = 0; c < classes; c++)
          if (c != y) running_add(&top, &sum, l[c]);
        log_losses[r] = log_softplus(top + log(sum) - l[y]);
        break;
      case CKN_MEAN_LOGIT:
        for (size_t c = 0; c < classes; c++)
          if (c != y) running_add(&top, &sum, p->logits[o + c] / draws);
        log_losses[r] = log_softplus(top + log(sum) - p->logits[o + y] / draws);
        break;
      case CKN_MARGIN:
        for (size_t c = 0; c < classes; c++)
          if (c != y && !(l[c] <= top)) top = l[c];
        log_losses[r] = top - l[y];
        break;
      case CKN_PROBABILITY_MARGIN: {
        // p̄ of the larger times 1 − e^−distance: the difference of two probabilities near 1 cancels.
        double k = l[order_of(l, y, classes).rival];
        log_losses[r] = k >= l[y] ? -exp(k) * expm1(l[y] - k) : exp(l[y]) * expm1(k - l[y]);
        break;
      }
      case CKN_DLR: {
        class_order order = order_of(l, y, classes);
        double range = l[order.top] - l[order.third];
        log_losses[r] = range == 0 ? 0 : (l[order.rival] - l[y]) / range;
        break;
      }
      case CKN_DOUBLE_SOFTMAX:
        for (size_t c = 0; c < classes; c++) running_add(&top, &sum, exp(l[c]));
        log_losses[r] = log(top + log(sum) - exp(l[y]));
        break;
    }
  }
}

// Umbrella header: the loops in C, which a debug build of Swift would run a hundred times slower.
#pragma once
#include "Portable.h"
#include "NetworkLoops.h"
#include "TrainingLoops.h"
#include "OptimizerLoops.h"
#include "VariationalLoops.h"
#include "FunctionLoops.h"
#include "RowLoops.h"

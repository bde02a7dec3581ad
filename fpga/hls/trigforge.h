// All layers.
#ifndef TRIGFORGE_H_
#define TRIGFORGE_H_

#include "choices.h"
#include "elementwise.h"
#include "movement.h"
#include "products.h"
#include "reductions.h"
#include "requantize.h"

#endif

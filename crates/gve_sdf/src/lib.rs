//! DNA lowered to a scalar tape, and the evaluators of that tape.

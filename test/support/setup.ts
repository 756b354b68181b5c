/** Before every test file: property tests draw the same cases on every run and every machine. */
import fc from 'fast-check';

fc.configureGlobal({ seed: 20_261_121 });

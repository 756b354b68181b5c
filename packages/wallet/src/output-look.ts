/** An output as the effects of a transaction see it. */
import { bytesToHex, type Sats, type TxOutput } from '@coind/primitives';
import type { Standing } from './keyring.ts';
import type { ScriptHex } from './tables.ts';
import type { OutputFacts } from './tx-effects.ts';

interface ScriptLookups {
  standingOf(script: ScriptHex): Standing | undefined;
  labelOf(script: ScriptHex): string | undefined;
}

/** An output and what the wallet knows of its script, looked up when somebody asks: most listings stop early. */
export class OutputLook implements OutputFacts {
  readonly value: Sats;
  readonly script: ScriptHex;
  readonly #lookups: ScriptLookups;
  /** In arrays, because there may be none. */
  #standing: readonly [Standing | undefined] | undefined;
  #label: readonly [string | undefined] | undefined;

  constructor({ value, scriptPubKey }: TxOutput, lookups: ScriptLookups) {
    this.value = value;
    this.script = bytesToHex(scriptPubKey);
    this.#lookups = lookups;
  }

  get own(): boolean {
    return this.#lookUp() === 'own';
  }

  get watched(): boolean {
    return this.#lookUp() === 'watched';
  }

  #lookUp(): Standing | undefined {
    this.#standing ??= [this.#lookups.standingOf(this.script)];
    return this.#standing[0];
  }

  get label(): string | undefined {
    this.#label ??= [this.#lookups.labelOf(this.script)];
    return this.#label[0];
  }
}

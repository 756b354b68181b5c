/** How large inputs of a wallet's own coins become, looked up once for all coins that are spent alike. */
import type { WalletContext } from './context.ts';
import { type InputSize, signedInputSize } from './input-size.ts';
import type { ScriptHex, ScriptRow } from './tables.ts';

/** Sizes of signed inputs, remembered for as long as one payment is planned. */
export class InputSizes {
  readonly #context: Pick<WalletContext, 'keyring' | 'options'>;
  readonly #known = new Map<string, InputSize | undefined>();

  constructor(context: Pick<WalletContext, 'keyring' | 'options'>) {
    this.#context = context;
  }

  /** The size of an input that spends `script`; undefined where it is unknown how that is done. */
  of(owner: ScriptRow, script: ScriptHex): InputSize | undefined {
    const { keyring, options } = this.#context;
    // Scripts of one descriptor and one length are spent by inputs of one size.
    const name = `${owner.descriptor}/${script.length}`;
    if (!this.#known.has(name)) {
      const solution = keyring.solutionOf(owner, script);
      this.#known.set(name, solution && signedInputSize(solution, options.ecdsaSize));
    }
    return this.#known.get(name);
  }
}

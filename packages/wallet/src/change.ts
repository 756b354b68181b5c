/** The change of a payment: which type of address it goes to, where it stands, and the script it takes. */
import { type FeeRate, hexToBytes, type Sats } from '@coind/primitives';
import {
  classifyOutput,
  dustThreshold,
  type OutputType,
  p2pkh,
  p2sh,
  p2tr,
  p2wpkh,
  witnessProgram,
} from '@coind/script';
import type { AddressType } from './address-type.ts';
import type { WalletContext } from './context.ts';
import { WalletError } from './errors.ts';
import { discardRate } from './fee-rate.ts';
import type { Recipient, SpendOptions } from './spend-options.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** The change of one payment. */
export class Change {
  readonly #context: WalletContext;
  readonly #options: SpendOptions;
  readonly #discardRate: FeeRate;
  readonly #type: AddressType;

  constructor(context: WalletContext, recipients: readonly Recipient[], options: SpendOptions) {
    this.#context = context;
    this.#options = options;
    this.#discardRate = discardRate(context);
    this.#type = options.changeType ?? chooseChangeType(context, recipients);
  }

  /** A script as long as the change script will be. */
  get pattern(): Uint8Array {
    return this.#options.changeScript ?? patternOf(this.#type);
  }

  /** The least change worth having. */
  get least(): Sats {
    const output = { value: 0n, scriptPubKey: this.pattern };
    return dustThreshold(output, this.#discardRate);
  }

  /** Its place among so many other outputs. Throws `WalletError`. */
  position(outputs: number): number {
    const { changePosition } = this.#options;
    if (changePosition === undefined) return this.#context.random.below(outputs + 1);
    if (changePosition > outputs) throw new WalletError('invalid-change-position');
    return changePosition;
  }

  /** The script that it goes to. Throws `WalletError`. */
  take(unit: UnitOfWork): Uint8Array {
    if (this.#options.changeScript) return this.#options.changeScript;
    try {
      return hexToBytes(this.#context.keyring.handOut(unit, this.#type, true));
    } catch (error) {
      if (!(error instanceof WalletError)) throw error;
      throw new WalletError(
        'no-change-address',
        `Transaction needs a change address, but we can't generate it. ${error.message}`,
      );
    }
  }

  /**
   * Leaves out the change addresses that bitcoind takes for a payment and does not give back when there is no
   * change: one, and another one when it looks whether coins of one address could go together.
   */
  passOver(unit: UnitOfWork, fee: Sats): void {
    const { keyring } = this.#context;
    if (this.#options.changeScript || !keyring.canHandOut(true)) return;
    // 0.16 gave back what it had reserved.
    if (keyring.dependsOnPool) return;
    const attempts = fee > 0n ? 2 : 1;
    try {
      for (let i = 0; i < attempts; i++) keyring.handOut(unit, this.#type, true);
    } catch (error) {
      // Without keys there is nothing to leave out.
      if (!(error instanceof WalletError)) throw error;
    }
  }
}

function patternOf(type: AddressType): Uint8Array {
  const hash = new Uint8Array(20);
  switch (type) {
    case 'legacy':
      return p2pkh(hash);
    case 'p2sh-segwit':
      return p2sh(hash);
    case 'bech32':
      return p2wpkh(hash);
    case 'bech32m':
      return p2tr(new Uint8Array(32));
  }
}

/** Which own addresses look like which outputs. */
const lookalikes: readonly (readonly [OutputType, AddressType])[] = [
  ['witness_v1_taproot', 'bech32m'],
  ['witness_v0_keyhash', 'bech32'],
  ['scripthash', 'p2sh-segwit'],
  ['pubkeyhash', 'legacy'],
];

/** Change that looks like what is paid, so that it does not stand out; else the newest kind there is. */
function chooseChangeType(
  { options, keyring }: WalletContext,
  recipients: readonly Recipient[],
): AddressType {
  if (options.changeType) return options.changeType;
  if (options.addressType === 'legacy') return 'legacy';
  if (keyring.dependsOnPool) return earlyChangeType(options.addressType, recipients);
  const active = new Set(
    keyring.list().flatMap(({ row }) => (row.active && row.internal && row.type ? [row.type] : [])),
  );
  const types = new Set(recipients.map(({ script }) => classifyOutput(script).type));
  const alike = lookalikes.flatMap(([type, own]) => (types.has(type) ? [own] : []));
  const wanted: readonly AddressType[] = [...alike, 'bech32m', 'bech32'];
  return wanted.find((type) => active.has(type)) ?? options.addressType;
}

/** 0.16's choice, for wallets whose keys have addresses of every type it knew: segwit's among segwit's. */
function earlyChangeType(usual: AddressType, recipients: readonly Recipient[]): AddressType {
  const toWitness = recipients.some(({ script }) => witnessProgram(script) !== undefined);
  return toWitness || usual === 'bech32m' ? 'bech32' : usual;
}

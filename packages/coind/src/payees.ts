/** Who is paid by blocks that the node mines by itself: -miningaddress, or a new address of a wallet. */
import { fixedPayee, freshPayee, type Payee } from '@coind/miner';
import type { ChainParams } from '@coind/primitives';
import { decodeAddress } from '@coind/script';
import type { Wallet } from '@coind/wallet';

/** One payee per wallet, so that an address is used until a block has paid it. */
export class Payees {
  readonly #params: ChainParams;
  readonly #fixed: Payee | undefined;
  readonly #byWallet = new WeakMap<Wallet, Payee>();

  /** `address` is paid whatever the wallet. Throws `AddressError` when it is none of this network. */
  constructor(params: ChainParams, address: string | undefined) {
    this.#params = params;
    this.#fixed = address === undefined ? undefined : this.at(address);
  }

  /** Somebody by address. Throws `AddressError`. */
  at(address: string): Payee {
    return fixedPayee(decodeAddress(address, this.#params));
  }

  /** The one of -miningaddress. */
  get fixed(): Payee | undefined {
    return this.#fixed;
  }

  /** A wallet: a key that is in no address book, so the coins belong to its default account. */
  of(wallet: Wallet): Payee {
    let payee = this.#byWallet.get(wallet);
    if (!payee) {
      payee = freshPayee(async () => decodeAddress(await wallet.unbookedAddress(), this.#params));
      this.#byWallet.set(wallet, payee);
    }
    return payee;
  }
}

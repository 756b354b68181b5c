/**
 * Multisignature addresses that a wallet has part in (`addmultisigaddress`). One whose keys are all the wallet's is
 * an own address: what it gets counts and can be spent. Of any other the wallet knows how it is solved: it signs its
 * part, and should it get the other keys, or be told to watch the address, it needs to be told no more.
 */
import { expandDescriptor, parseDescriptor } from '@coind/descriptors';
import { bytesToHex } from '@coind/primitives';
import { bookScript, paymentsOf } from './address-book.ts';
import type { WalletContext } from './context.ts';
import { addDescriptor } from './import.ts';
import type { UnitOfWork } from './unit-of-work.ts';
import { rememberScript } from './watch.ts';

/**
 * Takes in the address of `text`, a descriptor with public keys only, and names it; naming it again renames it. The
 * keyring has to be loaded again afterwards.
 */
export async function addMultisig(
  context: WalletContext,
  unit: UnitOfWork,
  text: string,
  label: string,
): Promise<void> {
  const { keyring, params, source } = context;
  const descriptor = parseDescriptor(text, params);
  const [solution] = expandDescriptor(descriptor, 0);
  if (!solution) throw new Error(`${text} makes no script`);
  const script = bytesToHex(solution.scriptPubKey);
  const payments = await paymentsOf(context, script);
  const isOwn = solution.keys.every(({ publicKey }) => keyring.scriptOfKey(publicKey));
  if (isOwn && !keyring.owner(unit, script)) {
    const settings = { timestamp: source.now(), active: false, internal: false };
    await addDescriptor(context, unit, descriptor, settings, undefined);
  } else if (!isOwn) {
    const { redeemScript, witnessScript } = solution;
    const scripts = [redeemScript, witnessScript].filter((one) => one !== undefined);
    rememberScript({ context, unit }, solution.scriptPubKey, { timestamp: 0, scripts });
  }
  bookScript(unit, context, script, { label, purpose: 'send' }, payments);
}

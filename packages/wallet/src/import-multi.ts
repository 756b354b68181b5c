/**
 * One request of `importmulti` as bitcoind 0.16 had it: an address or script, alone or with its redeem script, public
 * or private keys. The order of the checks is its order, since the first refusal is the one that is told.
 */
import { equalBytes, hash160, hexToBytes, isHex } from '@coind/primitives';
import {
  classifyOutput,
  decodeWif,
  encodeAddress,
  isPublicKey,
  p2pk,
  p2pkh,
  p2sh,
  publicKey as publicKeyOf,
} from '@coind/script';
import { scriptOf } from './context.ts';
import { WalletError } from './errors.ts';
import { addDescriptor, wifDescriptor } from './import.ts';
import { type Importing, isSpendable, nameScript, refuseSpendable, watchScript } from './watch.ts';

/** One request. */
export interface MultiImport {
  /** A script in hex, or an address; undefined for what is neither. */
  readonly target: { readonly script: string } | { readonly address: string } | undefined;
  /** Unix seconds before which nothing was paid to it; 'now' for a fresh one. */
  readonly timestamp: number | 'now';
  readonly redeemScript?: string;
  readonly publicKeys?: readonly string[];
  readonly privateKeys?: readonly string[];
  readonly internal?: boolean;
  readonly watchOnly?: boolean;
  readonly label?: string;
  /** Something in it has the wrong type. */
  readonly malformed?: boolean;
}

type RefusalKey = 'invalid-import' | 'contradictory-import' | 'incomplete-import';

function refuse(key: RefusalKey, message: string): never {
  throw new WalletError(key, message);
}

/** What a request asks for, checked. */
interface Checked
  extends Required<Omit<MultiImport, 'target' | 'timestamp' | 'redeemScript' | 'malformed'>> {
  readonly scriptPubKey: Uint8Array;
  readonly isAddress: boolean;
  readonly timestamp: number;
  readonly redeemScript: Uint8Array | undefined;
}

function check({ context }: Importing, request: MultiImport, timestamp: number): Checked {
  const {
    target,
    publicKeys = [],
    privateKeys = [],
    internal = false,
    watchOnly = false,
  } = request;
  if (request.malformed) refuse('incomplete-import', 'Missing required fields');
  if (!target) refuse('contradictory-import', 'Invalid scriptPubKey');
  const isAddress = 'address' in target;
  const scriptPubKey = isAddress
    ? addressScript(context.params, target.address)
    : hexScript(target.script);
  if (watchOnly && privateKeys.length > 0) {
    refuse('contradictory-import', 'Incompatibility found between watchonly and keys');
  }
  if (internal && request.label !== undefined) {
    refuse('contradictory-import', 'Incompatibility found between internal and label');
  }
  if (!internal && !isAddress) {
    refuse('contradictory-import', 'Internal must be set for hex scriptPubKey');
  }
  const { redeemScript = '' } = request;
  if (redeemScript === '' && (privateKeys.length > 1 || publicKeys.length > 1)) {
    refuse('contradictory-import', 'More than private key given for one address');
  }
  if (redeemScript !== '' && !isHex(redeemScript))
    refuse('invalid-import', 'Invalid redeem script');
  return {
    scriptPubKey,
    isAddress,
    timestamp,
    redeemScript: redeemScript === '' ? undefined : hexToBytes(redeemScript),
    publicKeys,
    privateKeys,
    internal,
    watchOnly,
    label: request.label ?? '',
  };
}

function addressScript(params: Importing['context']['params'], address: string): Uint8Array {
  try {
    return scriptOf(address, params);
  } catch (error) {
    if (!(error instanceof WalletError)) throw error;
    return refuse('invalid-import', 'Invalid address');
  }
}

function hexScript(text: string): Uint8Array {
  return text !== '' && isHex(text)
    ? hexToBytes(text)
    : refuse('invalid-import', 'Invalid scriptPubKey');
}

/** Does what one request asks for; nothing is written when it throws. */
export async function importMulti(
  importing: Importing,
  request: MultiImport,
  timestamp: number,
): Promise<void> {
  const checked = check(importing, request, timestamp);
  if (checked.redeemScript) await importBehindHash(importing, checked, checked.redeemScript);
  else if (checked.privateKeys.length > 0) await importOneKey(importing, checked);
  else if (checked.publicKeys.length > 0) await importOnePublicKey(importing, checked);
  else await importPlain(importing, checked);
}

async function importBehindHash(
  importing: Importing,
  { scriptPubKey, isAddress, timestamp, label, privateKeys, publicKeys }: Checked,
  redeemScript: Uint8Array,
): Promise<void> {
  if (classifyOutput(scriptPubKey).type !== 'scripthash') {
    refuse('invalid-import', 'Invalid P2SH address / script');
  }
  const behind = p2sh(hash160(redeemScript));
  refuseSpendable(importing, behind);
  const keys = publicKeys.filter((text) => isHex(text)).map((text) => hexToBytes(text));
  const told = { timestamp, scripts: [redeemScript], keys };
  await watchScript(importing, redeemScript, told);
  await watchScript(importing, behind, told);
  if (isAddress) await nameScript(importing, scriptPubKey, label);
  for (const wif of privateKeys) {
    const key = publicKeyOfWif(importing, wif);
    if (isSpendable(importing, p2pkh(hash160(key))))
      refuse('invalid-import', 'Already have this key');
    await addKey(importing, wif, timestamp, label);
  }
}

/** The public key of a private one. Throws 'invalid-private-key'. */
function publicKeyOfWif({ context }: Importing, wif: string): Uint8Array {
  wifDescriptor(context, wif);
  const { privateKey, compressed } = decodeWif(wif, context.params);
  return publicKeyOf(privateKey, compressed);
}

async function addKey(
  importing: Importing,
  wif: string,
  timestamp: number,
  label: string,
): Promise<void> {
  const { context, unit } = importing;
  const settings = { timestamp, active: false, internal: false };
  await addDescriptor(context, unit, wifDescriptor(context, wif), settings, undefined);
  await nameScript(importing, p2pkh(hash160(publicKeyOfWif(importing, wif))), label);
}

/** An address given with a key has to be the P2PKH address of that key; so has a script that has an address. */
function checkConsistent({ context }: Importing, { scriptPubKey }: Checked, key: Uint8Array): void {
  const { type, solutions } = classifyOutput(scriptPubKey);
  const [first] = solutions;
  const destination = type === 'pubkey' && first ? p2pkh(hash160(first)) : scriptPubKey;
  if (encodeAddress(destination, context.params) === undefined) return;
  if (!equalBytes(destination, p2pkh(hash160(key))))
    refuse('invalid-import', 'Consistency check failed');
}

async function importOneKey(importing: Importing, checked: Checked): Promise<void> {
  const [wif = ''] = checked.privateKeys;
  const key = publicKeyOfWif(importing, wif);
  checkConsistent(importing, checked, key);
  refuseSpendable(importing, p2pkh(hash160(key)));
  await addKey(importing, wif, checked.timestamp, checked.label);
}

async function importOnePublicKey(importing: Importing, checked: Checked): Promise<void> {
  const [text = ''] = checked.publicKeys;
  if (!isHex(text)) refuse('invalid-import', 'Pubkey must be a hex string');
  const key = hexToBytes(text);
  if (!isPublicKey(key)) refuse('invalid-import', 'Pubkey is not a valid public key');
  checkConsistent(importing, checked, key);
  const told = { timestamp: checked.timestamp, keys: [key] };
  for (const script of [p2pkh(hash160(key)), p2pk(key)]) {
    refuseSpendable(importing, script);
    await watchScript(importing, script, told);
  }
  await nameScript(importing, p2pkh(hash160(key)), checked.label);
}

async function importPlain(importing: Importing, checked: Checked): Promise<void> {
  const { scriptPubKey, isAddress, timestamp, label } = checked;
  refuseSpendable(importing, scriptPubKey);
  await watchScript(importing, scriptPubKey, { timestamp });
  if (isAddress) await nameScript(importing, scriptPubKey, label);
}

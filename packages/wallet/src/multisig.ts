/**
 * Scripts with keys behind a hash, in a wallet that has some of the keys, or all: multisignature addresses
 * (`addmultisigaddress`), scripts out of a dump, witness forms of addresses. One whose keys are all the wallet's is an
 * own address: what it gets counts and can be spent. Of any other the wallet knows how it is solved: it signs its part,
 * and should it get the other keys, or be told to watch the address, it needs to be told no more.
 */
import { expandDescriptor, parseDescriptor } from '@coind/descriptors';
import { bytesToHex, hash160, sha256 } from '@coind/primitives';
import { classifyOutput, p2sh, p2wpkh, p2wsh, witnessProgram } from '@coind/script';
import { describeScript, knowledgeOf } from './describe-script.ts';
import { WalletError } from './errors.ts';
import { addDescriptor } from './import.ts';
import { type Importing, nameScript, rememberScript, type Told } from './watch.ts';

/** Takes in a script that may be an own one, with what is told of it. */
async function addScript(
  importing: Importing,
  scriptPubKey: Uint8Array,
  told: Told,
): Promise<void> {
  const { context, unit } = importing;
  const { keyring, params } = context;
  if (keyring.owner(unit, bytesToHex(scriptPubKey))) return;
  const text = describeScript(scriptPubKey, knowledgeOf(context, unit, told));
  const descriptor = text === undefined ? undefined : parseDescriptor(text, params);
  const [solution] = descriptor ? expandDescriptor(descriptor, 0) : [];
  const keys = solution?.keys ?? [];
  const isOwn =
    keys.length > 0 && keys.every(({ publicKey }) => keyring.scriptOfKey(publicKey, unit));
  if (descriptor && isOwn) {
    const timestamp = told.timestamp || context.source.now();
    const settings = { timestamp, active: false, internal: false };
    await addDescriptor(context, unit, descriptor, settings, undefined);
  } else rememberScript(importing, scriptPubKey, told);
}

/**
 * Takes in the address of `text`, a descriptor with public keys only, and names it; naming it again renames it. The
 * keyring has to be loaded again afterwards.
 */
export async function addMultisig(
  importing: Importing,
  text: string,
  label: string,
): Promise<void> {
  const [solution] = expandDescriptor(parseDescriptor(text, importing.context.params), 0);
  if (!solution) throw new Error(`${text} makes no script`);
  const { scriptPubKey, redeemScript, witnessScript } = solution;
  const scripts = [redeemScript, witnessScript].filter((one) => one !== undefined);
  await addScript(importing, scriptPubKey, { timestamp: 0, scripts });
  await nameScript(importing, scriptPubKey, label, 'send');
}

/** A script out of a dump. */
export interface DumpedScript {
  readonly script: Uint8Array;
  /** Unix seconds since which it was in use; 0 when nobody knows. */
  readonly time: number;
}

/** Takes in scripts that are behind hashes; some may be behind others of them. */
export async function addDumpedScripts(
  importing: Importing,
  dumped: readonly DumpedScript[],
): Promise<void> {
  const scripts = dumped.map(({ script }) => script);
  const known = new Set(scripts.map(bytesToHex));
  for (const { script, time } of dumped) {
    const told = { timestamp: time, scripts };
    await addScript(importing, p2sh(hash160(script)), told);
    const program = p2wsh(sha256(script));
    if (known.has(bytesToHex(program))) await addScript(importing, program, told);
  }
}

/**
 * The witness form of an own or known address, behind a script hash or not; takes it in, and names it. Throws
 * 'not-witness', 'other-witness'.
 */
export async function addWitness(
  importing: Importing,
  scriptPubKey: Uint8Array,
  behindHash: boolean,
): Promise<Uint8Array> {
  const knowledge = knowledgeOf(importing.context, importing.unit);
  const behind = knowledge.scriptBehind(scriptPubKey);
  const isNested = witnessProgram(scriptPubKey) === undefined;
  const inner = isNested && classifyOutput(scriptPubKey).type === 'scripthash' ? behind : undefined;
  const already = isNested ? inner && witnessProgram(inner) && inner : scriptPubKey;
  const program = already ?? witnessOf(importing, scriptPubKey, inner);
  const wanted = behindHash ? p2sh(hash160(program)) : program;
  if (already) {
    if (bytesToHex(wanted) !== bytesToHex(scriptPubKey)) throw new WalletError('other-witness');
    return wanted;
  }
  const scripts = inner ? [program, inner] : [program];
  const told = { timestamp: 0, scripts };
  for (const script of [program, p2sh(hash160(program))]) await addScript(importing, script, told);
  await nameScript(importing, wanted, '');
  return wanted;
}

/** The program that an address has. Throws 'not-witness'. */
function witnessOf(
  { context, unit }: Importing,
  scriptPubKey: Uint8Array,
  inner: Uint8Array | undefined,
): Uint8Array {
  const knowledge = knowledgeOf(context, unit, { scripts: inner ? [inner] : [] });
  const { type, solutions } = classifyOutput(inner ?? scriptPubKey);
  const [hash = new Uint8Array(0)] = solutions;
  const program = (): Uint8Array | undefined => {
    if (type === 'pubkeyhash') return p2wpkh(hash);
    if (type === 'pubkey') return p2wpkh(hash160(hash));
    return inner && p2wsh(sha256(inner));
  };
  const found = program();
  if (!found || describeScript(found, knowledge) === undefined) {
    throw new WalletError('not-witness');
  }
  return found;
}

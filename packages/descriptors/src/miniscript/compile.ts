/** From an expression to its script, and to its text. */
import { bytesToHex } from '@coind/primitives';
import { buildScript, OP } from '@coind/script';
import type { FragmentName, Piece } from './fragments.ts';
import type { Miniscript } from './node.ts';
import { hasType } from './type.ts';

/** A public key as the script has it. */
export interface ScriptKey {
  /** 33 bytes, in tapscript 32. */
  readonly bytes: Uint8Array;
  /** HASH160 of these bytes. */
  readonly hash: Uint8Array;
}

/** The script of an expression whose keys are `keys`. */
export function compileMiniscript(root: Miniscript, keys: readonly ScriptKey[]): Uint8Array {
  const script: (number | bigint | Uint8Array)[] = [];
  const open: { readonly node: Miniscript; readonly piece: Piece }[] = [];
  const enter = (node: Miniscript): void => {
    const pieces = node.fragment.script(node, node.subs.length);
    for (const piece of [...pieces].reverse()) open.push({ node, piece });
  };
  enter(root);
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, piece } = next;
    if (typeof piece === 'number') script.push(piece);
    else if (piece === 'verify') addVerify(script, node.subs[0] as Miniscript);
    else if ('part' in piece) enter(node.subs[piece.part] as Miniscript);
    else if ('key' in piece) script.push((keys[piece.key] as ScriptKey).bytes);
    else if ('keyHash' in piece) script.push((keys[piece.keyHash] as ScriptKey).hash);
    else script.push(piece.push);
  }
  return buildScript(script);
}

function addVerify(script: (number | bigint | Uint8Array)[], { type }: Miniscript): void {
  // EQUAL, NUMEQUAL, CHECKSIG and CHECKMULTISIG each come right before their VERIFY form.
  if (hasType(type, 'x')) script.push(OP.OP_VERIFY);
  else script.push((script.pop() as number) + 1);
}

/** A wrapper's letter and what it wraps; t, l and u stand for expressions with a constant part. */
function wrapping({ name, subs }: Miniscript): readonly [string, Miniscript] | undefined {
  const [x, y] = subs;
  if (!x) return undefined;
  if (name === 'c') return keySugar(x.name) === undefined ? [name, x] : undefined;
  if (name.length === 1) return [name, x];
  if (name === 'and_v' && y?.name === '1') return ['t', x];
  if (name === 'or_i' && x.name === '0') return ['l', y as Miniscript];
  return name === 'or_i' && y?.name === '0' ? ['u', x] : undefined;
}

/** How `c:` around a key is written. */
function keySugar(name: FragmentName): string | undefined {
  return name === 'pk_k' ? 'pk' : name === 'pk_h' ? 'pkh' : undefined;
}

/** What stands between the brackets, in order. */
function argumentsOf(node: Miniscript, keys: readonly string[]): (string | Miniscript)[] {
  return [
    ...(node.k > 0 ? [`${node.k}`] : []),
    ...node.keys.map((key) => keys[key] as string),
    ...(node.data.length > 0 ? [bytesToHex(node.data)] : []),
    ...node.subs,
  ];
}

/** The name that is written and the arguments behind it. */
function call(node: Miniscript, keys: readonly string[]): [string, (string | Miniscript)[]] {
  const [x, , z] = node.subs;
  if (node.name === 'c' && x) return [keySugar(x.name) as string, argumentsOf(x, keys)];
  if (node.name === 'andor' && z?.name === '0') return ['and_n', node.subs.slice(0, 2)];
  return [node.name, argumentsOf(node, keys)];
}

/** Writes an expression as bitcoind does; `keys` are the texts of its keys. */
export function formatMiniscript(root: Miniscript, keys: readonly string[]): string {
  const text: string[] = [];
  const open: (string | { readonly node: Miniscript; readonly wrapped: boolean })[] = [];
  open.push({ node: root, wrapped: false });
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next === 'string') {
      text.push(next);
      continue;
    }
    const { node, wrapped } = next;
    const wrapper = wrapping(node);
    if (wrapper) {
      text.push(wrapper[0]);
      open.push({ node: wrapper[1], wrapped: true });
      continue;
    }
    if (wrapped) text.push(':');
    const [name, args] = call(node, keys);
    text.push(name);
    if (args.length === 0) continue;
    text.push('(');
    open.push(')');
    for (const [nth, arg] of [...args.entries()].reverse()) {
      open.push(typeof arg === 'string' ? arg : { node: arg, wrapped: false });
      if (nth > 0) open.push(',');
    }
  }
  return text.join('');
}

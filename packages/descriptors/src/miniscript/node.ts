/**
 * An expression of miniscript as a tree. Each node knows what follows from it and its parts: type, size of its script,
 * limits of its satisfactions. Nothing here walks by recursion: a text of a megabyte must not overflow the stack.
 */
import { EMPTY } from '@coind/primitives';
import { buildScript, OP } from '@coind/script';
import type { Algebra, Ways } from './algebra.ts';
import { checkedKeys, type Most, type StackChange, stackChange, witnessSize } from './bounds.ts';
import { type Context, limits } from './context.ts';
import {
  type Fragment,
  type FragmentName,
  fragments,
  type Piece,
  type Shape,
} from './fragments.ts';
import { hasType, type Type } from './type.ts';

/** What `new Miniscript` needs besides the name. */
export interface Parts {
  readonly k?: number;
  readonly keys?: readonly number[];
  readonly data?: Uint8Array;
  readonly subs?: readonly Miniscript[];
}

/** An expression; valid only if its type says so. */
export class Miniscript implements Shape {
  readonly context: Context;
  readonly name: FragmentName;
  readonly k: number;
  readonly keys: readonly number[];
  readonly data: Uint8Array;
  readonly subs: readonly Miniscript[];
  readonly type: Type;
  /** Bytes of its script. */
  readonly size: number;
  /** Opcodes of its script that are no pushes. */
  readonly ops: number;
  /** Keys of the multisignature checks that run. */
  readonly checked: Ways<Most>;
  /** What happens to the stack. */
  readonly stack: Ways<StackChange | undefined>;
  /** Bytes of the witness at most, without the script and the count of elements. */
  readonly witness: Ways<Most>;

  constructor(context: Context, name: FragmentName, parts: Parts = {}) {
    this.context = context;
    this.name = name;
    this.k = parts.k ?? 0;
    this.keys = parts.keys ?? [];
    this.data = parts.data ?? EMPTY;
    this.subs = parts.subs ?? [];
    const { fragment, subs } = this;
    const types = subs.map((sub) => sub.type);
    this.type = fragment.type(this, types);
    const pieces = fragment.script(this, subs.length);
    this.size = pieces.reduce<number>((sum, piece) => sum + this.#sizeOf(piece), 0);
    this.ops = pieces.reduce<number>((sum, piece) => sum + this.#opsOf(piece), 0);
    const bound = <T>(algebra: Algebra<T>, of: (sub: Miniscript) => Ways<T>) =>
      fragment.ways(algebra, this, subs.map(of));
    this.checked = bound(checkedKeys, (sub) => sub.checked);
    this.stack = bound(stackChange, (sub) => sub.stack);
    this.witness = bound(witnessSize[context], (sub) => sub.witness);
  }

  /** Its row of the table. */
  get fragment(): Fragment {
    return fragments[this.name as keyof typeof fragments];
  }

  /** Whether making it a V costs an opcode. */
  get #verifyCosts(): 0 | 1 {
    return hasType((this.subs[0] as Miniscript).type, 'x') ? 1 : 0;
  }

  #sizeOf(piece: Piece): number {
    if (typeof piece === 'number') return 1;
    if (piece === 'verify') return this.#verifyCosts;
    if ('part' in piece) return (this.subs[piece.part] as Miniscript).size;
    if ('key' in piece) return 1 + limits[this.context].keySize;
    return 'keyHash' in piece ? 21 : buildScript([piece.push]).length;
  }

  #opsOf(piece: Piece): number {
    if (typeof piece === 'number') return piece > OP.OP_16 ? 1 : 0;
    if (piece === 'verify') return this.#verifyCosts;
    return 'part' in piece ? (this.subs[piece.part] as Miniscript).ops : 0;
  }

  /** Computes something of the whole from the same of its parts, from the leaves up. */
  fold<R>(combine: (node: Miniscript, parts: readonly R[]) => R): R {
    const open: { node: Miniscript; results: R[] }[] = [{ node: this, results: [] }];
    for (;;) {
      const top = open[open.length - 1] as { node: Miniscript; results: R[] };
      const next = top.node.subs[top.results.length];
      if (next) {
        open.push({ node: next, results: [] });
        continue;
      }
      const result = combine(top.node, top.results);
      open.pop();
      const parent = open[open.length - 1];
      if (!parent) return result;
      parent.results.push(result);
    }
  }

  /** Every node, each before its parts. */
  *walk(): Generator<Miniscript> {
    const open: Miniscript[] = [this];
    for (let node = open.pop(); node; node = open.pop()) {
      yield node;
      for (let nth = node.subs.length - 1; nth >= 0; nth--) open.push(node.subs[nth] as Miniscript);
    }
  }
}

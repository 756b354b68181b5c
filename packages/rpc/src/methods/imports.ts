/**
 * The methods by which keys, scripts, descriptors and single transactions come into a wallet. bitcoind today has
 * descriptors and transactions only; the rest is of its older wallets, and goes on in ours.
 */
import { bool, hex, int, nothing, optional, str, txid } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method, type Profile } from '../method.ts';
import { descriptorRequest, multiRequest, rescanOption } from './import-params.ts';

const older: readonly Profile[] = ['coind', 'legacy'];
const rescan = optional(bool('Whether to look for payments in the chain'), true);
const warnings = optional(list(str(''), 'Warnings'));
const error = optional(object({ code: int('The code'), message: str('Why not') }));
const success = bool('Whether it was added');

/** Methods that bring something into a wallet. */
export const imports = {
  importaddress: method({
    category: 'wallet',
    profiles: older,
    about:
      'Watches an address or script whose keys are somewhere else. What it gets counts where watched addresses are asked for; it is never spent.',
    params: {
      address: str('The address, or a script in hex'),
      label: optional(str('Its label'), ''),
      rescan,
      p2sh: optional(bool('Whether the P2SH address of the script is meant too'), false),
    },
    result: nothing(),
    examples: ['"bcrt1q…" friends false'],
  }),
  importdescriptors: method({
    category: 'wallet',
    profiles: ['coind', 'core'],
    about: 'Adds descriptors to the wallet.',
    params: { requests: list(descriptorRequest, 'The descriptors', { usage: 'requests' }) },
    result: list(object({ success, warnings, error })),
    examples: ['"[{\\"desc\\": \\"wpkh(…)#…\\", \\"timestamp\\": \\"now\\"}]"'],
    core: { result: list(object({ success, error, warnings })) },
  }),
  importmulti: method({
    category: 'wallet',
    profiles: older,
    about:
      'Adds addresses, scripts and keys, each with the time it was made, then looks for their payments in the chain once.',
    params: {
      requests: list(multiRequest, 'What to add', { usage: '"requests"' }),
      options: rescanOption,
    },
    result: list(object({ success, error })),
    examples: [
      '"[{\\"scriptPubKey\\": {\\"address\\": \\"bcrt1q…\\"}, \\"timestamp\\": \\"now\\"}]"',
    ],
    legacy: { checked: ['requests', 'options'] },
  }),
  importprivkey: method({
    category: 'wallet',
    profiles: older,
    about: 'Adds a private key to the wallet.',
    params: {
      privkey: str('The key'),
      label: optional(str('The label of its addresses'), ''),
      rescan,
    },
    result: nothing(),
    examples: ['"cT…" alice'],
  }),
  importprunedfunds: method({
    category: 'wallet',
    about:
      'Adds a transaction of a block that the wallet did not see, or that is gone, with the proof that it is in there.',
    params: {
      rawtransaction: hex('The transaction'),
      txoutproof: hex('What gettxoutproof says of it'),
    },
    result: nothing(),
    examples: ['"0200…" "00000020…"'],
  }),
  importpubkey: method({
    category: 'wallet',
    profiles: older,
    about: 'The same as importaddress for the addresses of a public key.',
    params: { pubkey: str('The public key in hex'), label: optional(str('Its label'), ''), rescan },
    result: nothing(),
    examples: ['"02…" friends false'],
  }),
  removeprunedfunds: method({
    category: 'wallet',
    deprecated: {
      release: 'core',
      word: 'removeprunedfunds',
      text: 'DEPRECATION WARNING: This feature will be removed in the next major release. Start bitcoind with the `-deprecatedrpc=removeprunedfunds` option in order to use this.',
    },
    about: 'Removes a transaction from the wallet, as if it had never met it.',
    params: { txid: txid('The transaction') },
    result: nothing(),
    examples: ['"0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098"'],
  }),
};

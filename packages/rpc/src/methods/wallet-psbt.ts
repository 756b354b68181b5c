/** The wallet's share in PSBTs (BIP174): filling in and signing, and replacements for others to sign. */
import { amount, bool, hex, optional, str, txid, uint32 } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method } from '../method.ts';
import { sighashtype } from './transaction-params.ts';
import { bumpReading, coreBumpMembers } from './wallet-send.ts';

const modern = ['coind', 'core'] as const;

/** Wallet methods for PSBTs. */
export const walletPsbt = {
  walletprocesspsbt: method({
    category: 'wallet',
    releases: ['0.17'],
    about: 'A PSBT with what the wallet knows of it, and its signatures.',
    params: {
      psbt: str('The PSBT, base64'),
      sign: optional(bool('Whether to sign'), true),
      sighashtype,
      bip32derivs: optional(bool('Whether to say how keys are derived'), true),
      finalize: optional(bool('Whether to finish the inputs that can be'), true),
    },
    result: object({
      psbt: str('The PSBT, base64'),
      complete: bool('Whether every input is finished'),
      hex: optional(hex('The transaction, when complete')),
    }),
    examples: ['"cHNidP8…"'],
  }),
  psbtbumpfee: method({
    category: 'wallet',
    profiles: modern,
    about:
      'A PSBT that replaces an unconfirmed transaction by one that pays a higher fee, unsigned.',
    params: {
      txid: txid('The transaction'),
      options: optional(
        object(
          {
            ...coreBumpMembers,
            psbt_version: optional(uint32('The version of the PSBT, 0 or 2'), 2),
          },
          'How to replace it',
          bumpReading,
        ),
      ),
    },
    result: object({
      psbt: str('The PSBT, base64'),
      origfee: amount('The old fee'),
      fee: amount('The new fee'),
      errors: list(str(''), 'What went wrong along the way'),
    }),
    examples: ['"0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098"'],
  }),
};

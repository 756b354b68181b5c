/** Methods about transactions that are sent through Tor or I2P only. */
import { hex, int, int64, optional, str, txid } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method, type Profile } from '../method.ts';

const profiles: readonly Profile[] = ['coind', 'core'];
const category = 'rawtransactions';
const sent = {
  txid: txid('The transaction'),
  wtxid: hex('Its hash with witness'),
  hex: hex('The transaction itself'),
};

/** Methods about transactions that are sent through Tor or I2P only. */
export const privateBroadcast = {
  getprivatebroadcastinfo: method({
    category,
    profiles,
    about: 'The transactions that are being sent privately, and whom they were sent to.',
    params: {},
    result: object({
      transactions: list(
        object({
          ...sent,
          time_added: int64('Since when'),
          attempts_remaining: int('How many peers it will still be sent to'),
          peers: list(
            object({
              address: str('The peer'),
              sent: int64('When it was sent'),
              received: optional(int64('When the peer said that it has it')),
            }),
          ),
        }),
      ),
    }),
    examples: [''],
  }),
  abortprivatebroadcast: method({
    category,
    profiles,
    about: 'Stops sending a transaction privately.',
    params: { id: hex('Its txid or wtxid') },
    result: object({ removed_transactions: list(object(sent)) }),
    examples: ['"0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098"'],
  }),
};

/** Methods about notifications over ZeroMQ. */
import { int, str } from '../codec.ts';
import { list, object } from '../codec-shapes.ts';
import { method } from '../method.ts';

const topic = {
  type: str('The topic, with pub in front'),
  address: str('Where it is published'),
};

/** Methods about notifications over ZeroMQ. */
export const zmq = {
  getzmqnotifications: method({
    category: 'zmq',
    about: 'What is published over ZeroMQ (-zmqpubhashblock and the like), by topic.',
    params: {},
    result: list(
      object({ ...topic, hwm: int('Messages that are kept for a subscriber that is slow') }),
    ),
    examples: [''],
    legacy: { result: list(object(topic)) },
    releases: ['0.17'],
  }),
};

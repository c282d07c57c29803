import { expect, it } from 'vitest';
import { attempt } from '../../../src/repository/repository-error.ts';
import { errorOf } from '../../support/value-of.ts';

it('tells every address of a host that does not answer', async () => {
  // Given a host with two addresses, for which the system makes one error without words
  const refused = ['::1', '127.0.0.1'].map((address) => new Error(`connect ECONNREFUSED ${address}:5432`));
  const both = Object.assign(new AggregateError([...refused, 'and more'], ''), { code: 'ECONNREFUSED' });
  // When it is what comes of a call
  const error = errorOf(await attempt('cannot write', () => Promise.reject(both)));
  // Then the owner reads both
  expect(error).toMatchObject({
    code: 'DB_UNAVAILABLE',
    retryable: true,
    message: 'cannot write: connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432; and more',
    causes: [{ name: 'AggregateError', code: 'ECONNREFUSED' }],
  });
});

it.each([new TypeError('x is not a function'), new RangeError('limit')])(
  'a defect of our own stays an exception: %s',
  async (defect) => {
    // Given code with a defect
    // When it runs
    // Then the defect is not mistaken for Postgres being away
    await expect(attempt('cannot write', () => Promise.reject(defect))).rejects.toBe(defect);
  },
);

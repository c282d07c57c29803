import { describe, expect, it } from 'vitest';
import { cameraSlug, createClipId, isClipId, workflowIdOf } from '../../../src/domain/ids.ts';

const HASH = '0123456789abcdef0123';

describe('clip ids', () => {
  it('carry time, camera and identity', () => {
    // Given a recording
    // When it gets its id
    const id = createClipId('2026-11-23T02:27:00.123Z', 'Front Door', HASH);
    // Then all three can be read from it, and its workflow is named after it
    expect(id).toBe('20261123T022700123Z-front-door-0123456789ab');
    expect(workflowIdOf(id)).toBe('clip-20261123T022700123Z-front-door-0123456789ab');
    expect(isClipId(id)).toBe(true);
  });

  it('sort as text by the time of recording', () => {
    // Given recordings of several cameras
    const times = ['2026-11-23T02:27:00.123Z', '2026-01-01T00:00:00.000Z', '2026-11-23T02:27:00.122Z'];
    const ids = times.map((time, index) => createClipId(time, `cam ${9 - index}`, HASH));
    // When they are sorted as text
    const sorted = ids.toSorted();
    // Then they are in order of time
    expect(sorted).toEqual([ids[1], ids[2], ids[0]]);
  });

  it('differ when camera or identity do', () => {
    // Given the same second on two cameras whose names make the same slug
    const at = '2026-11-23T02:27:00.000Z';
    // When the identities differ
    const ids = new Set([createClipId(at, 'Hof!', '0'.repeat(12)), createClipId(at, 'Hof?', '1'.repeat(12))]);
    // Then so do the ids
    expect(ids.size).toBe(2);
  });

  it.each([
    ['2026-11-23 02:27', HASH],
    ['2026-11-23T02:27:00.123Z', '0123'],
    ['2026-11-23T02:27:00.123Z', 'ZZZZZZZZZZZZ'],
  ])('cannot be made of %s and %s', (time, identity) => {
    // Given parts that make no id
    // When one is made of them
    // Then that is a defect
    expect(() => createClipId(time, 'cam', identity)).toThrow('not a clip id');
  });

  it.each(['', '../etc/passwd', '20261123T022700123Z-Front-0123456789ab', '20261123T022700123Z-front-0123456789ab\n'])(
    'are not mistaken for %j',
    (text) => {
      // Given some text
      // When it is asked whether it is an id
      // Then it is not
      expect(isClipId(text)).toBe(false);
    },
  );
});

describe('camera slugs', () => {
  it.each([
    ['Front Door', 'front-door'],
    ['Café Straße', 'cafe-stra-e'],
    ['  ../..  ', 'camera'],
    ['玄関', 'camera'],
    ['--A--', 'a'],
    [`${'x'.repeat(39)} y`, 'x'.repeat(39)],
    ['x'.repeat(80), 'x'.repeat(40)],
  ])('%j becomes %j', (name, slug) => {
    // Given a camera's name
    // When it becomes part of a file name
    // Then only letters, digits and dashes are left, and an id can be made of it
    expect(cameraSlug(name)).toBe(slug);
    expect(isClipId(createClipId('2026-11-23T02:27:00.123Z', name, HASH))).toBe(true);
  });
});

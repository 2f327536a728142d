import t from 'tap'
import { atLeast, parseKubeVersion } from '../../src/units/kube-version.ts'

t.test('reads versions as Kubernetes and its distributions write them', async (t) => {
  for (const [text, major, minor] of [
    ['1.37', 1, 37],
    ['v1.37', 1, 37],
    ['v1.37.2', 1, 37],
    ['1.29+', 1, 29],
    ['1.30.4', 1, 30],
    ['v1.30.4-gke.100', 1, 30],
    ['v1.28.5+k3s1', 1, 28],
    ['v1.31.0-alpha.1.123+0123456789abcdef', 1, 31],
    ['1.27+-eks-1', 1, 27],
    ['v1.29.8-eks-a737599', 1, 29],
    ['2.0', 2, 0],
    ['1.05', 1, 5],
  ] as const) {
    t.strictSame(parseKubeVersion(text), { major, minor }, text)
  }
})

t.test('takes nothing else for a version', async (t) => {
  for (const text of [
    '', '1', 'v1', '1.', '.37', '1.x', 'latest', 'V1.37', 'vv1.37', ' 1.37', '1.37 ', '1.37\n', '-1.37', '1,37', '1.37/2',
    '12345.1', '1.12345', '１.37', 'undefined.undefined', '1.37.2 beta', `1.37.${' '.repeat(100_000)}`, 'NaN.NaN',
  ]) {
    t.equal(parseKubeVersion(text), undefined, JSON.stringify(text).slice(0, 30))
  }
})

t.test('compares by major, then by minor version', async (t) => {
  const floor = { major: 1, minor: 30 }
  t.equal(atLeast({ major: 1, minor: 30 }, floor), true)
  t.equal(atLeast({ major: 1, minor: 31 }, floor), true)
  t.equal(atLeast({ major: 1, minor: 100 }, floor), true)
  t.equal(atLeast({ major: 2, minor: 0 }, floor), true)
  t.equal(atLeast({ major: 1, minor: 29 }, floor), false)
  t.equal(atLeast({ major: 1, minor: 4 }, floor), false)
  t.equal(atLeast({ major: 0, minor: 99 }, floor), false)
})

import t from 'tap'
import { readWanted, workloadsPath } from '../../src/why/workload-kinds.ts'

/** The kinds that are meant, or what is wrong. */
function meant(text: string): unknown {
  const wanted = readWanted(text)
  return typeof wanted === 'string' ? wanted : [wanted.name, ...wanted.kinds.map(({ kind }) => kind)]
}

t.test('a workload is meant by its name, or by kind and name as kubectl takes them', async (t) => {
  t.strictSame(meant('web'), ['web', 'Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'Pod'])
  t.strictSame(meant('deployment/web'), ['web', 'Deployment'])
  t.strictSame(meant('Deploy/web'), ['web', 'Deployment'])
  t.strictSame(meant('sts/db'), ['db', 'StatefulSet'])
  t.strictSame(meant('pod/web-7d9f8-x2k4d'), ['web-7d9f8-x2k4d', 'Pod'])
  t.strictSame(meant('rs/web-7d9f8'), ['web-7d9f8', 'ReplicaSet'])
  t.strictSame(meant('job/db'), ['db', 'Deployment', 'DaemonSet', 'Job'])
  t.strictSame(meant('job.batch/db'), ['db', 'Job'])
  t.match(readWanted('job/db'), { jobs: 'first' })
})

t.test('what cannot be meant: a sentence', async (t) => {
  t.match(meant('shop/deployment/web'), /neither NAME nor KIND\/NAME; --namespace/)
  t.match(meant('service/web'), /"service" is not a kind that is known here: it is one of job, deployment, statefulset, daemonset, pod, replicaset/)
  t.match(meant('Web_1'), /"Web_1" is not a name/)
  t.match(meant('deployment/'), /"" is not a name/)
})

t.test('where a kind is listed', async (t) => {
  t.equal(workloadsPath({ apiVersion: 'v1', resource: 'pods' }, 'shop'), '/api/v1/namespaces/shop/pods')
  t.equal(workloadsPath({ apiVersion: 'apps/v1', resource: 'deployments' }, undefined), '/apis/apps/v1/deployments')
})

"""The Reconciliation Service API: ``/reconcile`` speaks 0.2 as OpenRefine does, ``/reconcile/v1`` the 1.0 draft.

One service, two dialects: what is found, proposed and shown is the same; how it is asked and written differs.
https://www.w3.org/community/reports/reconciliation/CG-FINAL-specs-0.2-20230410/
"""

from __future__ import annotations


def test_jsforce_walks_through_the_pretend_salesforce(jsforce, salesforce):
    steps = jsforce("walk.mjs", salesforce)

    assert list(steps)[-1] == "end"
    assert steps["sign in"]["instance"] == salesforce.url
    assert steps["identity"]["username"] == "integration@demo.example"
    assert steps["describe"] == {"objects": ["Account", "User"], "key": True, "fields": 96}
    assert steps["create many"] == {"made": 450}
    assert steps["query"] == {
        "sizes": [200, 200, 50],
        "total": 450,
        "names": ["Walker 0", "Walker 1", "Walker 10"],
    }
    assert steps["find"] == {"name": "AV Stores, Co.", "owner": "Rita Rep"}
    assert steps["single"] == {
        "phone": "555 0100",
        "success": True,
        "first": True,
        "again": False,
        "same": True,
    }
    assert steps["retrieve"] == {
        "names": ["Upserted again", None, "Walked"],
        "fields": ["Name", "attributes"],
    }
    assert steps["upsert many"] == {"rows": [False, "REQUIRED_FIELD_MISSING"]}
    assert steps["refused"] == {
        "code": "REQUIRED_FIELD_MISSING",
        "message": "Required fields are missing: [Name]",
    }
    assert steps["delete"] == {"alive": 0, "kept": True}
    assert steps["bulk in"]["well"] == steps["bulk in"]["made"] == 300
    assert steps["bulk in"]["error"].startswith("REQUIRED_FIELD_MISSING:")
    assert steps["bulk out"] == {"rows": 300, "first": 'Bulk "0", Inc'}
    assert steps["older bulk"] == {
        "rows": [True, False],
        "errors": ["REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"],
        "found": ["Older, one"],
    }
    assert steps["composite"] == {"name": "Together"}
    assert steps["updated"] == {"some": True}
    assert steps["limits"] == {"most": 15000, "used": True}

/// A certificate from 2026 to 2100 with its key, and keys that are not its own.
package enum PEM {
    package static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBHzCBxQIUefvp3UG+2IvXLT8V2d08JDkRcT4wCgYIKoZIzj0EAwIwETEPMA0G
        A1UEAwwGY2xpZW50MCAXDTI2MDEwMTAwMDAwMFoYDzIxMDAwMTAxMDAwMDAwWjAR
        MQ8wDQYDVQQDDAZjbGllbnQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAT96bnG
        jCZksArpTbaYMlD84o+OItB284K9TnuWvcRM8cf32ZMGpDKI/kuX1aP+sEjncZcc
        a7xQA7npgPubj/zwMAoGCCqGSM49BAMCA0kAMEYCIQDEwswjEye41og5tlVUJ5vf
        ZR10+83SjzvQlJqmAMrcnwIhAPA27ZNhKajrgwHmRhZUiH1drSXEaJL9D7Zx4RRY
        MBa0
        -----END CERTIFICATE-----

        """

    package static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgg66GY/USJy/7dAt/
        Vjm8nw9hC8Dy8NlJvujwpQ3id7ihRANCAAT96bnGjCZksArpTbaYMlD84o+OItB2
        84K9TnuWvcRM8cf32ZMGpDKI/kuX1aP+sEjncZcca7xQA7npgPubj/zw
        -----END PRIVATE KEY-----

        """

    package static let otherKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrliUzzUsEBpDnwNY
        ht2Hj7RR91AM0+qCgLl6v4VBgamhRANCAATReakO3A1a3nkO7g0ArKr60OgpBuNN
        8qlD1UocEIC6gkmbX239oTGEC/L96jZGbYpcy+GVgcOH2F6EQy43YtX9
        -----END PRIVATE KEY-----

        """

    package static let encryptedKey = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhPvV+HXwZM3QICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEDV16nPBtUwSjgJ3W1BVe1wEgZAe
        Cr4L8olAeTBcersevbqkjr8f44L1grR3wqNSAIJlfa/xmdS6TrYJLAFL8BzQuntJ
        a4zbN6Bxmjf8IphveX0uDwsT5fBQ81o/kbaC3acRwGMUSiYWdSQFCaDYOiBAostM
        EHdTxtxnlisK+ZaID6zKsctuKR4Vir7vd+tHjzl2muX00NHve8BOrd+kJC/zrjg=
        -----END ENCRYPTED PRIVATE KEY-----

        """
}

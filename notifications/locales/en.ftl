# English. Messages are read after login; `knock` stands on locked screens.

knock =
    .title = Medverka
    .body = You have something new to read in the app.

consent-expiring =
    .title = A choice runs out soon
    .body = One of your choices about { $study } runs out within two weeks. Do you want to renew it? If you do nothing, it ends by itself.

consent-ended =
    .title = A choice has ended
    .body = One of your choices about { $study } is no longer in force. Nothing more is collected or used under it.

consent-to-review =
    .title = Something waits for your answer
    .body = The terms of { $study } have changed. Read what is new and choose again.

study-joined =
    .title = You are in
    .body = You now take part in { $study }. You can leave at any time, as easily as you joined.

study-left =
    .title = You have left
    .body = You no longer take part in { $study }.

donations-unused =
    .title = Your donations are no longer used
    .body = None of your choices has a use for what you have donated. It will be erased in 90 days. If you want it to stay, you can choose to keep it, or take a copy with you.

donations-erased =
    .title = Your donations have been erased
    .body = What you had donated was without use for 90 days and has been erased. Your account is still there.

hold-placed =
    .title = The use of your data is restricted
    .body = The data protection officer has restricted the use of your data. Nothing is erased meanwhile.

hold-lifted =
    .title = The restriction is lifted
    .body = Your data are no longer restricted. Your choices stand as you left them.

login-added =
    .title = A new way to log in
    .body = Your account was opened with a login that had not been used before. Was it not you? Sign out everywhere, and tell us.

signed-out =
    .title = Signed out everywhere
    .body = All devices have been signed out. Log in again as usual.

device-added =
    .title = A new device
    .body = The app is now used on one more device. Was it not you? Sign out everywhere, and tell us.

survey-due =
    .title = A new survey
    .body = { $study } has a survey for you. Answering it is your choice.

survey-reminder =
    .title = A survey is waiting
    .body = { $study } has a survey that you can still answer, if you wish.

safety-notice =
    .title = An important safety notice
    .body = This is about your safety in { $study }. Read it now, and get in touch if anything is unclear.

breach-notice =
    .title = Your data may have been exposed
    .body = Something has happened to data in { $study } that may concern you. Read what it means and what you can do.

message-received =
    .title = A message for you
    .body = The team of { $study } has written to you. Read it, and answer if you wish.

source-silent =
    .title = A source has gone quiet
    .body = Nothing has come from one of your sources for some days. The app shows which one, and why that may be.

answer-unseen =
    .title = Nobody has looked at your answer yet
    .body = One of your answers in { $study } was to be looked at by now, and nobody has. Call 1177 for advice, or 112 in an emergency.

email-code =
    .title = Confirm your e-mail address
    .body = Someone gave this address in the app Medverka. To be told here when something new waits, enter { $code } in the app within an hour. Was it not you? Then do nothing: you will get no more.

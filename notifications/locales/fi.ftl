# Suomi. Viestit luetaan kirjautumisen jälkeen; `knock` näkyy lukitulla näytöllä.

knock =
    .title = Medverka
    .body = Sinulla on uutta luettavaa sovelluksessa.

consent-expiring =
    .title = Valintasi päättyy pian
    .body = Yksi valinnoistasi, joka koskee kohdetta { $study }, päättyy kahden viikon kuluessa. Haluatko uusia sen? Jos et tee mitään, se päättyy itsestään.

consent-ended =
    .title = Valinta on päättynyt
    .body = Yksi valinnoistasi, joka koskee kohdetta { $study }, ei ole enää voimassa. Sen nojalla ei enää kerätä eikä käytetä mitään.

consent-to-review =
    .title = Jokin odottaa vastaustasi
    .body = Ehdot ovat muuttuneet: { $study }. Lue, mikä on uutta, ja valitse uudelleen.

study-joined =
    .title = Olet mukana
    .body = Olet nyt mukana: { $study }. Voit lopettaa milloin tahansa yhtä helposti kuin liityit.

study-left =
    .title = Olet lopettanut
    .body = Et ole enää mukana: { $study }.

donations-unused =
    .title = Mittaustietojasi ei enää käytetä
    .body = Mikään valinnoistasi ei enää anna käyttöä luovuttamillesi tiedoille. Ne poistetaan 90 päivän kuluttua. Voit valita niiden säilyttämisen tai ottaa kopion itsellesi.

donations-erased =
    .title = Mittaustietosi on poistettu
    .body = Luovuttamillasi tiedoilla ei ollut käyttöä 90 päivään, ja ne on poistettu. Tilisi on tallella.

hold-placed =
    .title = Tietojesi käyttöä on rajoitettu
    .body = Tietosuojavastaava on rajoittanut tietojesi käyttöä. Mitään ei poisteta sillä aikaa.

hold-lifted =
    .title = Rajoitus on poistettu
    .body = Tietojesi käyttöä ei enää rajoiteta. Valintasi ovat ennallaan.

login-added =
    .title = Uusi kirjautumistapa
    .body = Tilisi avattiin kirjautumisella, jota ei ole käytetty aiemmin. Etkö se ollut sinä? Kirjaudu ulos kaikkialta ja ota yhteyttä.

signed-out =
    .title = Kirjauduttu ulos kaikkialta
    .body = Kaikki laitteet on kirjattu ulos. Kirjaudu takaisin tavalliseen tapaan.

device-added =
    .title = Uusi laite
    .body = Sovellusta käytetään nyt myös toisella laitteella. Etkö se ollut sinä? Kirjaudu ulos kaikkialta ja ota yhteyttä.

survey-due =
    .title = Uusi kysely
    .body = Sinulle on kysely: { $study }. Voit itse päättää, vastaatko.

survey-reminder =
    .title = Kysely odottaa
    .body = Voit vielä vastata kyselyyn, jos haluat: { $study }.

safety-notice =
    .title = Tärkeä turvallisuustiedote
    .body = Tämä koskee turvallisuuttasi kohteessa { $study }. Lue se nyt ja ota yhteyttä, jos jokin on epäselvää.

breach-notice =
    .title = Tietojasi on voinut paljastua
    .body = Kohteen { $study } tiedoille on tapahtunut jotain, mikä voi koskea sinua. Lue, mitä se tarkoittaa ja mitä voit tehdä.

message-received =
    .title = Viesti sinulle
    .body = Tutkimusryhmä on kirjoittanut sinulle: { $study }. Lue viesti ja vastaa, jos haluat.

source-silent =
    .title = Yksi lähde on hiljennyt
    .body = Yhdestä lähteestäsi ei ole tullut mitään muutamaan päivään. Sovellus näyttää, mistä ja miksi.

answer-unseen =
    .title = Kukaan ei ole vielä katsonut vastaustasi
    .body = Yksi vastauksistasi piti jo katsoa: { $study }. Kukaan ei ole tehnyt sitä. Soita neuvontaan 1177, hätätilanteessa 112.

email-code =
    .title = Vahvista sähköpostiosoitteesi
    .body = Joku antoi tämän osoitteen Medverka-sovelluksessa. Jos haluat tänne tiedon, kun jotain uutta odottaa, kirjoita { $code } sovellukseen tunnin kuluessa. Etkö se ollut sinä? Älä tee mitään, niin muuta ei tule.
